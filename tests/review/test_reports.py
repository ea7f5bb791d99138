"""Every form tells all of a review, and what a stranger wrote into a manifest does nothing in it."""

import json
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML

from fairlead.checks.found import Found
from fairlead.checks.state import Outcome, State
from fairlead.model.finding import Severity
from fairlead.review.report import FORMS, terminal, text_of
from fairlead.review.result import Excepted, Review, Unread

HOSTILE = "\x1b[2J<script>alert(1)</script>\n::error::x](javascript:x) | a & 'b' \"c\" \u202e]]> @everyone"


def a_found(**changes: Any) -> Found:
    whole: dict[str, Any] = {
        "id": "SEC101",
        "severity": Severity.ERROR,
        "subject": "Deployment shop/cart",
        "message": "runs privileged",
        "fix": "Remove it.",
        "title": "Privileged container",
        "api_version": "apps/v1",
        "kind": "Deployment",
        "namespace": "shop",
        "name": "cart",
        "item": "container web",
        "path": "spec.template.spec.containers[0].securityContext.privileged",
        "file": "shop/cart.yaml",
        "line": 12,
        "column": 7,
    }
    return Found(**{**whole, **changes})


def a_review(*findings: Found, **changes: Any) -> Review:
    whole: dict[str, Any] = {
        "kubernetes": "1.36",
        "files": 3,
        "objects": 5,
        "findings": findings,
        "outcomes": (Outcome("SEC101", State.FOUND, 5, len(findings)), Outcome("RES101", State.CLEAN, 4)),
    }
    return Review(**{**whole, **changes})


WHOLE = a_review(
    a_found(),
    a_found(
        id="RES101", severity=Severity.WARNING, title="No memory", subject="Job ops/tidy", file="", line=0, column=0
    ),
    excepted=(Excepted(a_found(id="SEC102"), "the agent needs it", "2027-01-31"),),
    unread=(Unread("MAN001", "bad.yaml", 3, "is not YAML"),),
    known=2,
    outcomes=(
        Outcome("SEC101", State.FOUND, 5, 1),
        Outcome("NET101", State.CLEAN, 4),
        Outcome("HEA101", State.FAILED, because="Deployment shop/cart: no such key"),
        Outcome("NOD101", State.INSUFFICIENT_EVIDENCE, because="needs nodes"),
    ),
)


@pytest.mark.parametrize("form", [form for form in FORMS if form not in {"openreports", "policyreport"}])
def test_every_form_tells_findings_and_what_was_not_judged(form: str) -> None:
    text = text_of(form, WHOLE).replace("\\", "")
    for word in ("SEC101", "shop/cart.yaml", "Deployment shop/cart", "container web", "runs privileged", "Remove it"):
        assert word in text, word
    for word in ("bad.yaml", "is not YAML", "HEA101", "no such key"):
        assert word in text, word


@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_manifest_does_nothing(form: str) -> None:
    found = a_found(
        subject=f"Deployment {HOSTILE}", name=HOSTILE, item=HOSTILE, message=HOSTILE, file=HOSTILE, namespace=HOSTILE
    )
    text = text_of(form, a_review(found, unread=(Unread("MAN001", HOSTILE, 1, HOSTILE),)))
    assert "\x1b" not in text
    assert "\u202e" not in text or form in {"json", "sarif", "openreports", "policyreport"}
    if form in {"html", "markdown", "junit"}:
        assert "<script>" not in text
    if form == "github":
        assert not re.search(r"^::error::", text, re.MULTILINE)
    if form == "markdown":
        assert "](javascript" not in text
        assert not re.search(r"(?<!\\)@everyone", text)


def test_sarif_has_what_code_scanning_asks_for() -> None:
    """The parts of the schema that GitHub reads, and that viewers fail without."""
    log = json.loads(text_of("sarif", WHOLE))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert run["tool"]["driver"]["name"] == "Fairlead"
    first, second, third = run["results"]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note", "none"}
        assert result["message"]["text"]
        assert result["partialFingerprints"]
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "shop/cart.yaml"}, "region": {"startLine": 12, "startColumn": 7}}
    assert "physicalLocation" not in second["locations"][0]
    assert third["suppressions"][0]["justification"] == "the agent needs it"
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["descriptor"]["id"] == "MAN001"


def test_sarif_knows_a_finding_again_when_its_lines_have_moved() -> None:
    def marks(**changes: Any) -> str:
        log = json.loads(text_of("sarif", a_review(a_found(**changes))))
        return str(log["runs"][0]["results"][0]["partialFingerprints"])

    assert marks() == marks(line=90, column=1)
    assert marks() != marks(item="container other")


def test_junit_counts_what_it_holds() -> None:
    root = ET.fromstring(text_of("junit", WHOLE))
    cases = root.findall(".//testcase")
    assert int(root.attrib["tests"]) == len(cases)
    assert int(root.attrib["failures"]) == len(root.findall(".//failure")) == 2
    assert int(root.attrib["errors"]) == len(root.findall(".//error")) == 2


def test_github_annotates_the_line() -> None:
    first = text_of("github", WHOLE).splitlines()[0]
    assert first.startswith("::error file=shop/cart.yaml,line=12,col=7,title=SEC101 Privileged container::")


@pytest.mark.parametrize(
    ("form", "group", "kinds"),
    [
        ("openreports", "openreports.io/v1alpha1", {"Report", "ClusterReport"}),
        ("policyreport", "wgpolicyk8s.io/v1alpha2", {"PolicyReport", "ClusterPolicyReport"}),
    ],
)
def test_reports_are_objects_by_namespace(form: str, group: str, kinds: set[str]) -> None:
    role = a_found(subject="ClusterRole reader", kind="ClusterRole", name="reader", namespace="")
    review = a_review(a_found(), role, excepted=WHOLE.excepted)
    documents = list(YAML(typ="safe", pure=True).load_all(text_of(form, review)))
    assert {document["kind"] for document in documents} == kinds
    assert {document["apiVersion"] for document in documents} == {group}
    shop = next(document for document in documents if document["metadata"].get("namespace") == "shop")
    assert shop["summary"] == {"pass": 0, "fail": 1, "warn": 0, "error": 0, "skip": 1}
    result = shop["results"][0]
    assert result["resources"] == [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart", "namespace": "shop"}]
    assert all(isinstance(value, str) for value in result["properties"].values())


def test_html_is_well_formed_and_loads_nothing() -> None:
    text = text_of("html", WHOLE)
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=", text)
    parser = _Balanced()
    parser.feed(text)
    assert parser.open == []


def test_a_thousand_findings_can_be_read() -> None:
    review = a_review(*(a_found(line=number, subject=f"Deployment shop/cart-{number}") for number in range(1, 1001)))
    text = terminal.text_of(review)
    assert len(text.splitlines()) < 30
    assert "990 more" in text
    assert "1,000 findings" in text
    assert len(terminal.text_of(review, limit=0).splitlines()) > 1000


def test_what_is_said_in_many_places_is_told_once() -> None:
    text = terminal.text_of(a_review(a_found(file="base.yaml"), a_found(file="a.yaml"), a_found(file="b.yaml")))
    assert text.count("runs privileged") == 1
    assert "(and 2 other places)" in text


@pytest.mark.parametrize(
    ("grouping", "heads"),
    [
        (terminal.Grouping.FILE, {"a.yaml", "b.yaml"}),
        (terminal.Grouping.NAMESPACE, {"shop", "no namespace"}),
        (terminal.Grouping.RULE, {"SEC101"}),
    ],
)
def test_groups(grouping: terminal.Grouping, heads: set[str]) -> None:
    text = terminal.text_of(a_review(a_found(file="a.yaml"), a_found(file="b.yaml", namespace="")), grouping=grouping)
    first_words = {line.split("  ")[0] for line in text.splitlines() if line and not line.startswith(" ")}
    assert heads <= first_words


def test_colours_only_where_they_are_wanted() -> None:
    assert "\x1b[" in terminal.text_of(WHOLE, coloured=True)
    assert "\x1b[" not in terminal.text_of(WHOLE)


def test_nothing_found_says_on_what_it_stands() -> None:
    text = terminal.text_of(a_review(assumed=True))
    assert text.startswith("no findings\n")
    assert "5 objects in 3 files, judged by 2 rules for Kubernetes 1.36 (assumed" in text


class _Balanced(HTMLParser):
    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("form", ["terminal", "markdown", "html", "github"])
def test_rules_that_fail_on_one_object_are_told_together(form: str) -> None:
    because = "Deployment shop/cart: no such overload: _+_(string, list)"
    failed = [Outcome(f"END10{n}", State.FAILED, because=because, where="Deployment shop/cart") for n in range(5)]
    alone = Outcome("RES101", State.FAILED, because="Job ops/tidy: no such key: spec", where="Job ops/tidy")
    review = a_review(outcomes=(*failed, alone))
    plain = text_of(form, review).replace("\\", "").replace("%2C", ",")
    assert plain.count("no such overload") == 1
    for words in ("END100, END101, END102 and 2 more", "Job ops/tidy", "6 rules failed"):
        assert words in plain
