"""
How long `fairlead check` takes on many small manifests, start-up included, and its peers where they are on PATH.

`uv run --no-sync python benchmarks/check.py [--objects 1000 10000] [--runs 5]`. Figures go to stdout, one line each:
the fastest and the middle run in seconds, processor seconds of the middle one, and the most memory.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

# What the issue promises for 1,000 manifests with every rule.
SECONDS, MEGABYTES = 0.3, 150.0

_META = """\
apiVersion: {version}
kind: {kind}
metadata:
  name: {name}
  namespace: team-{team}
"""
_POD = """\
      labels:
        app: {name}
    spec:
      containers:
        - name: web
          image: registry.example/shop/{name}:1.{number}.0
          ports:
            - containerPort: 8080
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
"""
_BODIES = {
    "Deployment": (
        "apps/v1",
        "spec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n" + _POD,
    ),
    "Service": ("v1", "spec:\n  selector:\n    app: {name}\n  ports:\n    - port: 80\n      targetPort: 8080\n"),
    "ConfigMap": ("v1", "data:\n  mode: production\n  level: info\n"),
    "PodDisruptionBudget": (
        "policy/v1",
        "spec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app: {name}\n",
    ),
}


class Run(NamedTuple):
    seconds: float
    processor: float
    megabytes: float


def manifests(number: int) -> Iterator[tuple[str, str]]:
    """Names and texts of files: in turn a Deployment, its Service, its ConfigMap and its budget."""
    for index in range(number):
        kind = list(_BODIES)[index % len(_BODIES)]
        version, body = _BODIES[kind]
        values = {"name": f"app-{index // len(_BODIES)}", "number": index, "team": index // len(_BODIES) % 20}
        yield f"{values['name']}-{kind.lower()}.yaml", (_META + body).format(kind=kind, version=version, **values)


def commands(folder: Path, files: Sequence[Path]) -> Iterator[list[str]]:
    """Ours, and those of the peers that are here."""
    yield [sys.executable, "-m", "fairlead", "check", str(folder)]
    yield [sys.executable, "-m", "fairlead", "check", "-o", "json", str(folder)]
    if shutil.which("kube-score"):
        yield ["kube-score", "score", *map(str, files)]
    if shutil.which("kube-linter"):
        yield ["kube-linter", "lint", str(folder)]
    if shutil.which("checkov"):
        yield ["checkov", "--quiet", "--compact", "--framework", "kubernetes", "-d", str(folder)]


def run(command: Sequence[str]) -> Run:
    """Findings make all of them end with 1, which is well."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise SystemExit(f"`{' '.join(command[:6])}` ended with {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measure(number: int, times: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, text in manifests(number):
            (folder / name).write_text(text)
        files = sorted(folder.iterdir())
        size = sum(path.stat().st_size for path in files) / 1e6
        for command in commands(folder, files):
            run(command)  # the first start compiles the rules, and reads the files into the page cache
            runs = sorted(run(command) for _ in range(times))
            middle = statistics.median_low(runs)
            name = " ".join(word for word in command if not word.startswith("/"))[:40]
            print(
                f"{number:>7} objects {size:6.1f} MB  {runs[0].seconds:7.3f} s  {middle.seconds:7.3f} s  "
                f"{middle.processor:7.3f} cpu  {max(each.megabytes for each in runs):6.0f} MB  {name}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, nargs="+", default=[1000])
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    for number in asked.objects:
        measure(number, asked.runs)


if __name__ == "__main__":
    main()
