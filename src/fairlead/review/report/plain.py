"""A review as JSON."""

import msgspec

from fairlead.review.result import Review


def text_of(review: Review) -> str:
    return msgspec.json.format(msgspec.json.encode(review), indent=2).decode() + "\n"
