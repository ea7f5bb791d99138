"""What tests of reviews begin from: short manifests, judged by Fairlead's own rules."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from fairlead.checks.examples import written_out
from fairlead.manifests import Read
from fairlead.review.result import Review
from fairlead.review.reviewing import Wanted, review
from fairlead.review.rulebook import open_rulebook
from fairlead.snapshot.objects import KubeObject, Place

TODAY = date(2026, 11, 21)
Reviewing = Callable[..., Review]


@pytest.fixture(scope="session")
def judged() -> Reviewing:
    """Reviews short manifests; keywords are `Wanted`'s."""
    book = open_rulebook()

    def run(*manifests: dict[str, Any], **wanted: Any) -> Review:
        objects = [
            KubeObject(written_out(manifest), Place("shop.yaml", number + 1, 1, number))
            for number, manifest in enumerate(manifests)
        ]
        return review(Read(objects, files=["shop.yaml"]), book, Wanted(**wanted), today=TODAY)

    return run
