"""Renders Helm charts with `helm template`."""

import re
import shutil
from pathlib import Path

from fairlead.manifests.found import Options
from fairlead.manifests.rendering import RenderError, run

CHART_FILE = "Chart.yaml"
_SOURCE = re.compile(r"^# Source: ([^\n]+)$", re.MULTILINE)
# Git for a name that begins with a dash would be an option; helm has no `--` before its arguments' end.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


def render(chart: Path, options: Options) -> bytes:
    """All manifests of a chart, its CRDs too, its tests not. RenderError where helm is absent or fails."""
    helm = shutil.which("helm")
    if helm is None:
        raise RenderError("`helm` is not installed")
    for name in (options.release, options.namespace):
        if not _NAME.fullmatch(name):
            raise RenderError(f"`{name}` is no name for a release or a namespace")
    command: list[str | Path] = [helm, "template", options.release, chart.absolute(), "--include-crds", "--skip-tests"]
    command += ["--namespace", options.namespace]
    if options.kubernetes_version:
        command += ["--kube-version", options.kubernetes_version]
    for values in options.values:
        command += ["--values", Path(values).absolute()]
    return run(command, options.render_seconds)


def template_of(chart: Path, document: str) -> str:
    """The template's file that a rendered document names, below the chart's folder; the folder where it names none."""
    source = _SOURCE.search(document)
    if source is None:
        return str(chart)
    # It begins with the chart's name, which is not always the folder's.
    return str(chart.joinpath(*Path(source[1].strip()).parts[1:]))
