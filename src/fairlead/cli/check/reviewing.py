"""`fairlead check PATH…`: judge manifests, and print or write what was found."""

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fairlead.checks.scope import WHOLE
from fairlead.cli.check.options import ConfigOption, RulesOption, minor_of, without_collection
from fairlead.cli.check.where import (
    ClusterOption,
    ContextOption,
    EveryOption,
    FleetOption,
    KubeconfigOption,
    LiveOption,
    NamespaceOption,
    ReleasesOption,
    SaveOption,
    SystemOption,
    WatchOption,
    Where,
    refuse_what_cannot_be,
    saved,
)
from fairlead.manifests import Options, read
from fairlead.model.errors import UsageError
from fairlead.model.finding import Severity
from fairlead.review.baseline import read_baseline, write_baseline
from fairlead.review.config import Configuration, read_configuration
from fairlead.review.report import FORMS, text_of
from fairlead.review.report.terminal import Grouping
from fairlead.review.report.terminal import text_of as terminal_text
from fairlead.review.result import Review, exit_code
from fairlead.review.reviewing import Wanted, review
from fairlead.review.rulebook import open_rulebook

_PANEL_FORMS = ", ".join(FORMS)
_SEVERITIES = tuple(severity.value for severity in Severity)
Words = list[str] | None


def check(
    context: typer.Context,
    paths: Annotated[
        Words,
        typer.Argument(help="Files, folders, charts, Kustomize folders, what `--save` wrote; `-` is standard input."),
    ] = None,
    output: Annotated[
        Words, typer.Option("-o", "--output", help=f"FORM or FORM=FILE, also several: {_PANEL_FORMS}.")
    ] = None,
    fail_on: Annotated[
        str, typer.Option(help="End with 1 from this severity on: blocker, error, warning, advice, never.")
    ] = "",
    severity: Annotated[Severity, typer.Option(help="Show findings from this severity on.")] = Severity.ADVICE,
    rule: Annotated[Words, typer.Option(help="Only this rule, or those that begin so (`SEC1`).")] = None,
    skip: Annotated[Words, typer.Option(help="Not this rule, nor those that begin so.")] = None,
    area: Annotated[Words, typer.Option(help="Only rules of this area (`RES`).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also rules that are off unless asked for.")] = False,
    rules: RulesOption = None,
    kubernetes_version: Annotated[str, typer.Option(help="Judge for this version (`1.34`).")] = "",
    config: ConfigOption = None,
    baseline: Annotated[Path | None, typer.Option(help="Count only what is not in this file.")] = None,
    new_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write what is found to this file, and end with 0.")
    ] = None,
    values: Annotated[Words, typer.Option(help="Values file for Helm charts.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Nothing runs beside what is named here, so what is absent is missing.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with 3 also where a rule had no evidence.")] = False,
    group_by: Annotated[Grouping, typer.Option(help="How the terminal groups.")] = Grouping.RULE,
    limit: Annotated[int, typer.Option(min=0, help="Findings shown a group on the terminal; 0 for all.")] = 10,
    kube_context: ContextOption = "",
    current: LiveOption = False,
    kubeconfig: KubeconfigOption = None,
    fleet: FleetOption = None,
    cluster: ClusterOption = None,
    namespace: NamespaceOption = None,
    system: SystemOption = False,
    helm_releases: ReleasesOption = False,
    save: SaveOption = None,
    watch: WatchOption = False,
    every: EveryOption = "30s",
) -> None:
    """
    Check manifests or running clusters: are they ready for production, and for the next version?

    A first word that names a command below is that command; write `./rules` for a folder of that name.
    """
    if context.invoked_subcommand is not None:
        return
    where = Where(
        context=kube_context,
        current=current,
        kubeconfig=kubeconfig,
        fleet=fleet,
        clusters=tuple(cluster or ()),
        namespaces=tuple(namespace or ()),
        system=system,
        releases=helm_releases,
        save=save,
    )
    named = tuple(paths or ())
    if not named and not where.is_live:
        hint = "`fairlead check ./manifests`, `-` for standard input, or `--context NAME` for a running cluster"
        raise UsageError("nothing to check was named", hint=hint)
    _refuse_what_is_not_there(named, limit)
    refuse_what_cannot_be(where, named)
    outputs = _outputs(output or ["terminal"])
    configured = read_configuration(config)
    threshold = _threshold(fail_on or configured.fail_on or "error")
    wanted = _wanted(
        configured,
        Wanted(
            only=tuple(rule or ()),
            skip=tuple(skip or ()),
            areas=tuple(area or ()),
            everything=everything,
            least=severity,
            minor=minor_of(kubernetes_version or configured.kubernetes_version),
            baseline=read_baseline(baseline) if baseline else None,
            evidence=frozenset({WHOLE} if whole else ()),
            lines=limit if _is_for_a_glance(outputs, group_by, limit) else None,
        ),
    )
    folders = [*(rules or ()), *map(Path, configured.rules)]

    def look() -> Review:
        return _review(named, where, wanted, folders, values or [], _version_for(outputs))

    def show(done: Review) -> None:
        for form, file in outputs:
            _tell(done, form, file, grouping=group_by, limit=limit)

    if watch:
        _follow(where, look, show, every)
        raise typer.Exit(0)
    done = look()
    show(done)
    if new_baseline:
        write_baseline(new_baseline, done.findings)
        raise typer.Exit(0)
    raise typer.Exit(exit_code(done, threshold, strict=strict))


def _follow(where: Where, look: Callable[[], Review], show: Callable[[Review], None], every: str) -> None:
    from fairlead.cli.check.watching import follow, seconds

    if not where.is_live:
        raise UsageError("is for running clusters", place="--watch", hint="name one: `--context NAME`, or `--live`")
    follow(look, show, seconds(every))


def _refuse_what_is_not_there(paths: Sequence[str], limit: int) -> None:
    if limit < 0:
        raise UsageError("is 0 for all, or more", place="--limit")
    for path in paths:
        if path != "-" and not os.path.lexists(path):
            raise UsageError("there is no such file or folder", place=path)


def _review(
    paths: Sequence[str], where: Where, wanted: Wanted, rules: Sequence[Path], values: Sequence[str], version: str
) -> Review:
    rulebook = open_rulebook(rules)
    if where.is_live or saved(paths):
        from fairlead.cli.check.live import review_clusters

        return review_clusters(paths, where, wanted, rulebook, version)
    kubernetes = f"1.{wanted.minor}.0" if wanted.minor else ""
    options = Options(values=tuple(values), kubernetes_version=kubernetes)
    with without_collection():
        found = read(paths, stdin=sys.stdin.buffer, options=options)
        return review(found, rulebook, wanted, today=datetime.now(UTC).date(), fairlead=version)


def _is_for_a_glance(outputs: Sequence[tuple[str, Path | None]], grouping: Grouping, limit: int) -> bool:
    """Whether only the first findings of each rule will be seen."""
    return limit > 0 and grouping is Grouping.RULE and all(form == "terminal" for form, _ in outputs)


def _version_for(outputs: Sequence[tuple[str, Path | None]]) -> str:
    if all(form == "terminal" for form, _ in outputs):
        return ""  # looking it up takes longer than judging a small folder
    from importlib.metadata import version

    return version("fairlead")


def _wanted(configured: Configuration, asked: Wanted) -> Wanted:
    """What the command line asks for, and what the file says besides."""
    return msgspec.structs.replace(
        asked,
        only=asked.only or configured.only,
        skip=(*asked.skip, *configured.skip),
        areas=asked.areas or configured.areas,
        everything=asked.everything or configured.everything,
        params=configured.params,
        severities=configured.severities,
        exceptions=configured.exceptions,
    )


def _threshold(word: str) -> Severity | None:
    if word == "never":
        return None
    if word not in _SEVERITIES:
        raise UsageError(f"`{word}` is no severity", place="--fail-on", hint=f"{', '.join(_SEVERITIES)} or never")
    return Severity(word)


def _outputs(words: Sequence[str]) -> list[tuple[str, Path | None]]:
    """`sarif=FILE` and `terminal`; UsageError for an unknown form, or for two that would be mixed on stdout."""
    outputs = [(form, Path(file) if file else None) for form, _, file in (word.partition("=") for word in words)]
    for form, _ in outputs:
        if form not in FORMS:
            raise UsageError(f"`{form}` is no form of output", place="-o", hint=f"forms are {_PANEL_FORMS}")
    if sum(file is None for _, file in outputs) > 1:
        raise UsageError("two forms would be mixed on stdout", place="-o", hint="write one to a file: `-o sarif=FILE`")
    return outputs


def _tell(done: Review, form: str, file: Path | None, *, grouping: Grouping, limit: int) -> None:
    if form == "terminal":
        coloured = file is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
        text = terminal_text(done, grouping=grouping, limit=limit, coloured=coloured)
    else:
        text = text_of(form, done)
    if file is None:
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", place=str(file)) from error
