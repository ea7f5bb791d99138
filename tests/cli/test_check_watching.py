"""`fairlead check --watch`: what comes and goes is told once, and what is not known is not told."""

from collections.abc import Callable

import pytest

from fairlead.checks.found import Found
from fairlead.cli.check.watching import follow, seconds
from fairlead.model.errors import UnreachableError, UsageError
from fairlead.model.finding import Severity
from fairlead.review.result import Review, Unread

Look = Review | UnreachableError


def found(subject: str, message: str = "is wrong") -> Found:
    return Found("SEC101", Severity.ERROR, subject, message)


def review(*subjects: str, unread: bool = False) -> Review:
    return Review(
        findings=tuple(map(found, subjects)), unread=(Unread("DEL018", "cluster a", 0, "Secret: 403"),) * unread
    )


def watched(capsys: pytest.CaptureFixture[str], *looks: Look) -> tuple[list[str], str]:
    """What is said on stdout after the first look, without times, and on stderr; ctrl-C after the last look."""
    left = list(looks)

    def look() -> Review:
        following = left.pop(0)
        if isinstance(following, Exception):
            raise following
        return following

    def pause(length: float) -> None:
        assert length == 30
        if not left:
            raise KeyboardInterrupt

    shown: list[Review] = []
    follow(look, shown.append, 30, pause=pause)
    assert shown == [looks[0]], "everything is shown once"
    said = capsys.readouterr()
    lines = said.out.splitlines()
    return [line.split("  ", 1)[1] for line in lines], said.err


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[list[str], str]]:
    return lambda *looks: watched(capsys, *looks)


Said = Callable[..., tuple[list[str], str]]


def test_what_comes_and_what_goes(said: Said) -> None:
    lines, _ = said(review("Pod a"), review("Pod a", "Pod b"), review("Pod b"), review("Pod b"))
    assert lines == ["+ error SEC101 Pod b: is wrong", "- error SEC101 Pod a: is wrong"]


def test_other_words_for_the_same_are_no_news(said: Said) -> None:
    looks = [Review(findings=(found("Secret tls", f"ends in {days} days"),)) for days in (30, 29)]
    assert said(*looks)[0] == []


def test_a_silent_server_makes_nothing_come_or_go(said: Said) -> None:
    lines, err = said(review("Pod a"), UnreachableError("it did not answer"), review("Pod a"))
    assert lines == []
    assert "it did not answer" in err


def test_what_could_not_be_read_is_not_called_gone(said: Said) -> None:
    lines, err = said(review("Secret a"), review("Pod b", unread=True), review("Secret a", "Pod b"))
    assert lines == ["+ error SEC101 Pod b: is wrong"]
    assert "Secret: 403" in err


@pytest.mark.parametrize("text", ["1s", "soon", ""])
def test_how_often_is_bounded(text: str) -> None:
    with pytest.raises(UsageError):
        seconds(text)
    assert seconds("1m") == 60
