"""`fairlead check` as somebody meets it who has nothing but manifests."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import Prompt, Said

CART = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
        - name: web
          image: registry.example/shop/cart:1.0.0
          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}
          securityContext:
            privileged: true
"""
TIDY = CART.replace("privileged: true", "privileged: false")
ONLY = ("--rule", "SEC101")


@pytest.fixture
def prompt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Prompt:
    return Prompt(tmp_path, capsys)


def check(prompt: Prompt, text: str, *words: object) -> Said:
    (prompt.folder / "cart.yaml").write_text(text)
    return prompt.fairlead("check", prompt.folder / "cart.yaml", *words)


def test_a_finding_is_told_with_its_line_and_ends_with_one(prompt: Prompt) -> None:
    said = check(prompt, CART, *ONLY)
    assert said.code == 1
    assert re.search(r"cart\.yaml:16:\d+  Deployment shop/cart, container web: runs privileged", said.out)
    assert "1 finding: 1 error" in said.out


def test_nothing_found_ends_with_zero(prompt: Prompt) -> None:
    said = check(prompt, TIDY, *ONLY)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("no findings")


@pytest.mark.parametrize(("word", "code"), [("never", 0), ("blocker", 0), ("error", 1), ("advice", 1)])
def test_the_severity_that_fails_can_be_chosen(prompt: Prompt, word: str, code: int) -> None:
    assert check(prompt, CART, *ONLY, "--fail-on", word).code == code


def test_a_broken_file_is_told_and_the_rest_goes_on(prompt: Prompt) -> None:
    (prompt.folder / "broken.yaml").write_text("kind: [\n")
    (prompt.folder / "cart.yaml").write_text(TIDY)
    said = prompt.fairlead("check", prompt.folder, *ONLY)
    assert said.code == 3
    assert re.search(r"not read  \S*broken\.yaml:\d", said.out)
    assert "1 object in" in said.out


def test_standard_input(prompt: Prompt) -> None:
    argv = [sys.executable, "-m", "fairlead", "check", "-", "-o", "json", *ONLY]
    done = subprocess.run(argv, input=CART.encode(), capture_output=True, check=False, env=prompt.surroundings)
    assert done.returncode == 1, done.stderr
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["subject"], found["line"]) == ("Deployment shop/cart", 16)


@pytest.mark.parametrize("form", ["terminal", "json", "sarif", "junit", "github", "markdown", "html", "openreports"])
def test_a_file_whose_name_is_no_text(prompt: Prompt, form: str) -> None:
    for name, text in ((b"cart\xff.yaml", CART), (b"bad\xff.yaml", "kind: [")):
        Path(os.fsdecode(bytes(prompt.folder) + b"/" + name)).write_text(text)
    said = prompt.fairlead("check", prompt.folder, *ONLY, "-o", form)
    assert said.code == 1, said.err
    said.out.encode()


def test_several_outputs_at_once(prompt: Prompt) -> None:
    files = {form: prompt.folder / f"out.{form}" for form in ("sarif", "junit", "html", "json")}
    said = check(prompt, CART, *ONLY, "-o", "terminal", *(f"-o{form}={file}" for form, file in files.items()))
    assert said.code == 1
    assert "1 finding" in said.out
    assert all("SEC101" in file.read_text() for file in files.values())


def test_the_version_judged_for_is_the_one_named(prompt: Prompt) -> None:
    said = check(prompt, CART, *ONLY, "--kubernetes-version", "v1.33.2-gke.1", "-o", "json")
    assert json.loads(said.out)["kubernetes"] == "1.33"


def test_the_configuration_of_the_folder_counts(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prompt.folder)
    entry = {"rules": ["SEC101"], "objects": ["Deployment shop/*"], "reason": "an agent", "until": "2999-01-01"}
    (prompt.folder / ".fairlead-check.yaml").write_text(json.dumps({"exceptions": [entry]}))
    said = check(prompt, CART, *ONLY)
    assert said.code == 0, said.out
    assert "1 excepted" in said.out
    (prompt.folder / ".fairlead-check.yaml").write_text("failOn: never")
    assert check(prompt, CART, *ONLY).code == 0
    assert check(prompt, CART, *ONLY, "--fail-on", "error").code == 1, "the command line comes first"


def test_a_baseline_is_written_and_read(prompt: Prompt) -> None:
    file = prompt.folder / "baseline.json"
    assert check(prompt, CART, "--write-baseline", file).code == 0
    said = check(prompt, CART, "--baseline", file)
    assert said.code == 0
    assert "known from the baseline" in said.out


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nowhere.yaml",),
        ("cart.yaml", "-o", "xml"),
        ("cart.yaml", "-o", "json", "-o", "sarif"),
        ("cart.yaml", "--rule", "NOPE"),
        ("cart.yaml", "--area", "NOPE"),
        ("cart.yaml", "--fail-on", "sometimes"),
        ("cart.yaml", "--kubernetes-version", "new"),
        ("cart.yaml", "--baseline", "nowhere.json"),
        ("cart.yaml", "--config", "nowhere.yaml"),
        ("cart.yaml", "--rules", "nowhere"),
        ("cart.yaml", "-o", "json=nowhere/out.json"),
        ("explain", "NOPE"),
        ("explain",),
        ("explain", "--like", "nobody:nothing"),
        ("test", "nowhere"),
    ],
)
def test_what_cannot_be_meant_ends_with_two(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(prompt.folder)
    (prompt.folder / "cart.yaml").write_text(TIDY)
    prompt.refuses(2, "check", *words)


@pytest.mark.parametrize(
    "text", ["only: 7", "nope: 1", "exceptions: [{rules: [A], until: soon, reason: x}]", "only: ["]
)
def test_a_wrong_configuration_is_told_by_its_field(prompt: Prompt, text: str) -> None:
    (prompt.folder / "cart.yaml").write_text(TIDY)
    (prompt.folder / "config.yaml").write_text(text)
    said = prompt.refuses(2, "check", prompt.folder / "cart.yaml", "--config", prompt.folder / "config.yaml")
    assert "config.yaml" in said.err


def test_explain_and_rules(prompt: Prompt) -> None:
    explained = prompt.fairlead("check", "explain", "sec101").out
    assert "Privileged container" in explained
    assert "good:" in explained
    assert "bad:" in explained
    assert "DEL101" in prompt.fairlead("check", "explain", "--like", "kube-linter:latest-tag").out
    listed = prompt.fairlead("check", "rules", "--area", "RES").out
    assert re.search(r"^RES101 +warning", listed, re.MULTILINE)
    assert "SEC101" not in listed
    described: list[dict[str, Any]] = json.loads(prompt.fairlead("check", "rules", "-o", "json").out)
    assert {"id", "why", "fix", "source", "good", "bad"} <= set(described[-1])


def test_a_path_that_is_called_like_a_command(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prompt.folder)
    (prompt.folder / "rules").mkdir()
    (prompt.folder / "rules/cart.yaml").write_text(CART)
    assert prompt.fairlead("check", "./rules", *ONLY).code == 1


def test_checking_loads_nothing_heavy(prompt: Prompt) -> None:
    """What keeps `fairlead check` quick."""
    (prompt.folder / "cart.yaml").write_text(CART)
    code = """if True:
        import sys
        from fairlead.cli import main
        sys.argv = ["fairlead", "check", "cart.yaml"]
        try:
            main()
        except SystemExit:
            print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
    """
    for _ in range(2):  # the first time rules are compiled
        argv = [sys.executable, "-c", code]
        done = subprocess.run(
            argv, capture_output=True, text=True, check=True, env=prompt.surroundings, cwd=prompt.folder
        )
    heavy = {
        "temporalio",
        "grpc",
        "google",
        "lightkube",
        "pydantic",
        "httpx",
        "cryptography",
        "ruamel",
        "asyncio",
        "rich",
    }
    assert set(done.stderr.split()) & heavy == set()
