"""The forms a review is told in; each module makes one, and is loaded when it is asked for."""

import importlib
from collections.abc import Mapping

from fairlead.model.errors import UsageError
from fairlead.review.result import Review

# Name of the form, its module's name, and a line about it.
FORMS: Mapping[str, tuple[str, str]] = {
    "terminal": ("terminal", "for people, grouped"),
    "json": ("plain", "everything, with a schema (docs/reference/review.schema.json)"),
    "sarif": ("sarif", "SARIF 2.1.0, for code scanning"),
    "junit": ("junit", "JUnit XML, for CI"),
    "github": ("github", "GitHub's annotations of a run"),
    "markdown": ("markdown", "for a comment or a summary"),
    "html": ("html", "one file, to look at"),
    "openreports": ("openreports", "Report objects of openreports.io, for the cluster"),
    "policyreport": ("policyreport", "PolicyReport objects of wgpolicyk8s.io, for the cluster"),
}


def text_of(form: str, review: Review) -> str:
    """The review in one of `FORMS`; UsageError for another."""
    if form not in FORMS:
        raise UsageError(f"`{form}` is no form of output", hint=f"forms are {', '.join(FORMS)}")
    text: str = importlib.import_module(f"fairlead.review.report.{FORMS[form][0]}").text_of(review)
    return text
