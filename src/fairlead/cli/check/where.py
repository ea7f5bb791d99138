"""What the command line says of running clusters; the ways to them are loaded when one is meant."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fairlead.model.errors import UsageError

ContextOption = Annotated[str, typer.Option("--context", help="The running cluster of this kubeconfig context.")]
LiveOption = Annotated[
    bool, typer.Option("--live", help="The cluster of the current context, or the one this runs in as a pod.")
]
KubeconfigOption = Annotated[
    Path | None, typer.Option("--kubeconfig", help="Instead of KUBECONFIG and `~/.kube/config`.")
]
FleetOption = Annotated[Path | None, typer.Option("--fleet", help="The running clusters of this fleet file.")]
ClusterOption = Annotated[list[str] | None, typer.Option("--cluster", help="Of the fleet only this one; also several.")]
NamespaceOption = Annotated[
    list[str] | None, typer.Option("-n", "--namespace", help="Of running clusters only this namespace; also several.")
]
SystemOption = Annotated[
    bool, typer.Option("--system", help="Also what running clusters bring themselves, as in `kube-system`.")
]
ReleasesOption = Annotated[
    bool, typer.Option("--helm-releases", help="Also what Helm's deployed releases hold and the cluster has not.")
]
SaveOption = Annotated[
    Path | None,
    typer.Option("--save", help="Write what was read of the cluster to this file, to check it again later."),
]
WatchOption = Annotated[
    bool, typer.Option("--watch", help="Look at running clusters again and again, and tell what comes and goes.")
]
EveryOption = Annotated[str, typer.Option("--every", help="How often `--watch` looks.")]


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says of running clusters."""

    context: str = ""
    current: bool = False
    kubeconfig: Path | None = None
    fleet: Path | None = None
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    system: bool = False
    releases: bool = False
    save: Path | None = None

    @property
    def is_live(self) -> bool:
        return bool(self.context or self.current or self.fleet)


# How a file of a cluster begins, packed or not.
_BEGINNINGS = (b'{"schema":"fairlead.dev/inventory/', b"\x1f\x8b")


def saved(paths: Sequence[str]) -> bool:
    """Whether the paths are files that `--save` wrote; UsageError where only some are."""
    found = [path for path in paths if path != "-" and _is_saved(Path(path))]
    if found and len(found) < len(paths):
        raise UsageError("is of a cluster, the others are not", place=found[0], hint="check them one after the other")
    return bool(found)


def _is_saved(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            if not file.read(max(map(len, _BEGINNINGS))).startswith(_BEGINNINGS):
                return False
    except OSError:
        return False
    from fairlead.survey.stored import is_inventory

    return is_inventory(path)


def refuse_what_cannot_be(where: Where, paths: Sequence[str]) -> None:
    """UsageError for words that do not go together."""
    if where.is_live and paths:
        raise UsageError("manifests and running clusters are checked one after the other", place=paths[0])
    if (where.context or where.current) and where.fleet:
        raise UsageError("one cluster or a fleet is meant, not both", place="--fleet")
    if where.context and where.current:
        raise UsageError("is for the current context", place="--live", hint="leave it out where `--context` names one")
    if where.clusters and not where.fleet:
        raise UsageError("is of a fleet", place="--cluster", hint="name its file: `--fleet FILE`")
    if where.save and where.fleet and len(where.clusters) != 1:
        raise UsageError("is for one cluster", place="--save", hint="name it: `--cluster NAME`")
    only_live = {
        "--namespace": where.namespaces,
        "--save": where.save,
        "--helm-releases": where.releases,
        "--kubeconfig": where.kubeconfig,
    }
    for word, asked in only_live.items():
        if asked and not where.is_live:
            raise UsageError("is for running clusters", place=word, hint="name one: `--context NAME`, or `--live`")
