"""The reference pages of the rules: an index, and one page an area."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from fairlead.checks.areas import AREAS
from fairlead.checks.rule import ObjectRule, Rule, SeveralRule
from fairlead.review.explaining import example_text
from fairlead.review.rulebook import open_rulebook

_MADE = "Made by `make docs` from the rules themselves."


def pages() -> Mapping[str, Callable[[], str]]:
    """The text of each page by its file's name."""
    book = open_rulebook()
    areas = {area: [rule for rule in book.told if rule.area == area] for area in AREAS}
    told = {area: rules for area, rules in areas.items() if rules}
    made = {f"{area}.md": partial(_area_page, area, rules) for area, rules in told.items()}
    return {"README.md": partial(_index, told), **made}


def _index(areas: Mapping[str, list[Rule]]) -> str:
    lines = [
        "# Rules",
        "",
        _MADE,
        "",
        "`fairlead check explain ID` tells the same. Rules marked *off* run by name or with `--all`.",
    ]
    for area, rules in areas.items():
        lines += ["", f"## {area}: [{AREAS[area]}]({area}.md)", "", "| id | severity | says |", "| --- | --- | --- |"]
        for rule in rules:
            off = "" if rule.enabled else " (*off*)"
            lines.append(
                f"| [`{rule.id}`]({area}.md#{rule.id.lower()}) | {rule.severity.value} | {_cell(rule.title)}{off} |"
            )
    return "\n".join(lines) + "\n"


def _area_page(area: str, rules: list[Rule]) -> str:
    lines = [f"# {area}: {AREAS[area]}", "", f"{_MADE} [All rules](README.md)"]
    for rule in rules:
        lines += _section(rule)
    return "\n".join(lines) + "\n"


def _section(rule: Rule) -> Iterator[str]:
    yield f"\n## {rule.id}\n"
    yield f"**{rule.title}** ({', '.join(_facts(rule))})\n"
    yield f"{_line(rule.why)}\n"
    yield f"*What to do:* {_line(rule.fix)} [Source]({rule.source})"
    if rule.params:
        yield f"\nParameters: {', '.join(f'`{name}: {value}`' for name, value in rule.params.items())}"
    if rule.like:
        yield f"\nLike {', '.join(f'`{name}`' for name in rule.like)}"
    if isinstance(rule, ObjectRule):
        each = rule.each if isinstance(rule.each, str) else next(iter(rule.each.values()))
        about = rule.applies if isinstance(rule.applies, str) else ", ".join(rule.applies)
        yield f"\nFor {about}{f', each `{each}`' if each else ''}:\n"
        yield "```cel"
        yield from (
            f"// when\n{rule.when.strip()}\n// expect" if rule.when else "// expect",
            rule.expect.strip(),
            "```",
        )
    if isinstance(rule, ObjectRule | SeveralRule):
        yield "\nIs found in:\n"
        yield f"```yaml\n{example_text(rule.bad[0]).rstrip()}\n```"


def _facts(rule: Rule) -> Iterator[str]:
    yield rule.severity.value
    if not rule.enabled:
        yield "off unless asked for"
    if rule.since or rule.until:
        words = (f"from {rule.since}" if rule.since else "", f"up to {rule.until}" if rule.until else "")
        yield f"Kubernetes {' '.join(word for word in words if word)}"
    if rule.needs:
        yield f"needs {', '.join(rule.needs)}"


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.split())
