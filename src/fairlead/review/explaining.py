"""Rules in words: a list, and one rule with its reasons and examples written out."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from fairlead.checks.areas import AREAS
from fairlead.checks.examples import SHORTHANDS, written_out
from fairlead.checks.rule import ObjectRule, Rule, SeveralRule
from fairlead.model.finding import Severity
from fairlead.review import yamlfile

_WIDTH = 100


class Described(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule as `-o json` prints it. `when`, `expect` and `each` are of rules for one object; examples are whole."""

    id: str
    title: str
    area: str
    severity: Severity
    enabled: bool
    why: str
    fix: str
    source: str
    like: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    params: dict[str, Any] = {}
    applies: str | tuple[str, ...] = ()
    each: str | dict[str, str] = ""
    when: str = ""
    expect: str = ""
    good: tuple[Any, ...] = ()
    bad: tuple[Any, ...] = ()


def describe(rule: Rule) -> Described:
    shared = {name: getattr(rule, name) for name in Rule.__struct_fields__}
    described = Described(area=rule.area, **shared)
    if isinstance(rule, ObjectRule):
        return msgspec.structs.replace(
            described,
            applies=rule.applies,
            each=rule.each,
            when=rule.when.strip(),
            expect=rule.expect.strip(),
            good=tuple(written_out(example) for example in rule.good),
            bad=tuple(written_out(example) for example in rule.bad),
        )
    if isinstance(rule, SeveralRule):
        return msgspec.structs.replace(
            described,
            applies=rule.about,
            good=tuple([written_out(manifest) for manifest in example] for example in rule.good),
            bad=tuple([written_out(manifest) for manifest in example] for example in rule.bad),
        )
    return described


def listed(rules: Sequence[Rule]) -> str:
    """One line a rule."""
    lines = [f"{rule.id:<8} {rule.severity.value:<8} {rule.title}{'' if rule.enabled else '  (off)'}" for rule in rules]
    return "\n".join((*lines, f"{len(rules)} rules", ""))


def explained(rule: Rule) -> str:
    area = AREAS.get(rule.area, "own rules")
    state = "" if rule.enabled else ", off unless asked for (`--rule` or `--all`)"
    lines = [f"{rule.id}  {rule.title}", f"{rule.severity.value}, {area}{state}", ""]
    lines += [_wrapped(rule.why), "", _wrapped(f"fix: {rule.fix}"), ""]
    lines += _versions(rule)
    if isinstance(rule, ObjectRule):
        lines += _expressions(rule)
    lines += [f"needs: {', '.join(rule.needs)}"] if rule.needs else []
    lines += (
        [f"parameters: {', '.join(f'{name} = {value}' for name, value in rule.params.items())}"] if rule.params else []
    )
    lines += [_wrapped(f"like: {', '.join(rule.like)}")] if rule.like else []
    lines += [f"source: {rule.source}", ""]
    for word, examples in (("good", getattr(rule, "good", ())), ("bad", getattr(rule, "bad", ()))):
        for example in examples:
            lines += [f"{word}:", textwrap.indent(example_text(example), "  ")]
    return "\n".join(lines) + "\n"


def example_text(example: Any) -> str:
    """An example as YAML; a short one stays short, for what it leaves out does not matter."""
    manifests = [example] if isinstance(example, dict) else list(example)
    return "---\n".join(yamlfile.text(_readable(manifest)) for manifest in manifests)


def _readable(manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest if SHORTHANDS & set(manifest) else written_out(manifest)


def _versions(rule: Rule) -> Iterable[str]:
    if rule.since or rule.until:
        words = (f"from {rule.since}" if rule.since else "", f"up to {rule.until}" if rule.until else "")
        yield f"Kubernetes {' '.join(word for word in words if word)}"


def _expressions(rule: ObjectRule) -> Iterable[str]:
    yield f"applies to: {rule.applies if isinstance(rule.applies, str) else ', '.join(rule.applies)}"
    if rule.each:
        each = (
            rule.each if isinstance(rule.each, str) else ", ".join(f"{name} of {of}" for name, of in rule.each.items())
        )
        yield f"for each: {each}"
    if rule.when:
        yield f"when (CEL):\n{textwrap.indent(rule.when.strip(), '  ')}"
    yield f"expect (CEL):\n{textwrap.indent(rule.expect.strip(), '  ')}"


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH)
