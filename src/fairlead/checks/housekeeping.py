"""Rules about the review itself: exceptions that say too little, are over, or are needed no more."""

from fairlead.checks.rule import Rule
from fairlead.model.finding import Severity

_SOURCE = "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/"

UNREASONED = Rule(
    id="DEL011",
    title="Exception without a reason",
    severity=Severity.ERROR,
    why="Nobody will know later whether it may go; it is not applied.",
    fix="Say why in `fairlead.dev/except-reason`, or in `reason` of the central file.",
    source=_SOURCE,
)
EXPIRED = Rule(
    id="DEL012",
    title="Exception that has expired",
    severity=Severity.WARNING,
    why="It was meant to end; it is not applied any more.",
    fix="Mend what it excepts, or give it a new end and say why.",
    source=_SOURCE,
)
UNUSED = Rule(
    id="DEL013",
    title="Exception that excepts nothing",
    severity=Severity.ADVICE,
    why="What it excepted is mended, or it names the wrong rule; left alone it will hide the next one.",
    fix="Remove it.",
    source=_SOURCE,
)
HOUSEKEEPING = (UNREASONED, EXPIRED, UNUSED)
