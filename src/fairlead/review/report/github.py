"""A review as the annotations of a GitHub Actions run (workflow commands)."""

from collections.abc import Mapping

from fairlead.model.finding import Severity
from fairlead.review.report.words import about, failures, summary, visible
from fairlead.review.result import Review

_COMMANDS: Mapping[Severity, str] = {
    Severity.BLOCKER: "error",
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "notice",
}


def text_of(review: Review) -> str:
    lines = [
        _command(
            _COMMANDS[found.severity],
            f"{about(found)}: {found.message}\nfix: {found.fix}",
            file=found.file,
            line=found.line,
            col=found.column,
            title=f"{found.id} {found.title}",
        )
        for found in review.findings
    ]
    lines += [
        _command("error", unread.message, file=unread.file, line=unread.line, col=0, title="Not read")
        for unread in review.unread
    ]
    lines += [
        _command("error", because, file="", line=0, col=0, title=f"Failed: {rules}")
        for rules, because in failures(review)
    ]
    return "\n".join([*lines, *(_data(line) for line in summary(review))]) + "\n"


def _command(name: str, message: str, **properties: object) -> str:
    words = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name} {words}::{_data(message)}"


def _data(text: str) -> str:
    """As the runner reads it back: what would end the command is escaped."""
    return "%0A".join(visible(line).replace("%", "%25") for line in text.split("\n"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
