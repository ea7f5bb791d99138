"""Takes fields that are null for fields that are not there, as the API server does when it decodes an object."""

from collections.abc import Iterable, Iterator
from typing import Any

from fairlead.snapshot.objects import KubeObject


def without_nulls(objects: Iterable[KubeObject]) -> Iterator[KubeObject]:
    """The objects themselves where they hold no null, which is nearly always."""
    for each in objects:
        cleared = _cleared(each.raw)
        yield each if cleared is each.raw else KubeObject(cleared, each.place)


def _cleared(value: Any) -> Any:
    """`value` itself, or a copy where something below it was null; elements of lists stay."""
    if isinstance(value, dict):
        fields = value.values()
        holders = [key for key, field in value.items() if isinstance(field, dict | list) and field]
        changed = {key: cleared for key in holders if (cleared := _cleared(value[key])) is not value[key]}
        if not changed and None not in fields:
            return value
        return {key: changed.get(key, field) for key, field in value.items() if field is not None}
    if isinstance(value, list):
        cleared_items = [_cleared(item) if isinstance(item, dict | list) else item for item in value]
        return cleared_items if any(a is not b for a, b in zip(cleared_items, value, strict=True)) else value
    return value
