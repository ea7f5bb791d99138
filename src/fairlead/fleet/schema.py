"""The fleet file's JSON Schema, made from its types; editors complete and check with it."""

import inspect
from collections.abc import Iterator
from typing import Any

import msgspec

from fairlead.fleet import file
from fairlead.model import cluster, wire


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of `fairlead.dev/v1`."""
    top, components = msgspec.json.schema_components(
        [file.Fleet], schema_hook=wire.json_schema_of, ref_template="#/$defs/{name}"
    )
    for part in parts():
        properties = components.get(part.__name__, {}).get("properties", {})
        for field in msgspec.structs.fields(part):
            if field.default_factory is not msgspec.NODEFAULT and field.encode_name in properties:
                properties[field.encode_name]["default"] = msgspec.json.decode(wire.encode(field.default_factory()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://fairlead.dev/schema/fleet-v1.json",
        "title": "Fairlead fleet file",
        **top[0],
        "$defs": components,
    }


def parts() -> Iterator[type[msgspec.Struct]]:
    """The types a fleet file is made of, in the order of their definition."""
    for module in (file, cluster):
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__:
                yield kind
