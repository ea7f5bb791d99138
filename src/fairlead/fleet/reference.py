"""The fleet file's reference page, made from its types and their docstrings."""

import inspect
from collections.abc import Iterator
from typing import Any

import msgspec

from fairlead.fleet.schema import parts, schema


def markdown() -> str:
    """One section per part of the file: what it means, then a row per field."""
    definitions = schema()["$defs"]
    lines = [
        "# The fleet file",
        "",
        "Made by `make docs` from the types themselves. Unknown fields are errors.",
        "`fairlead fleet schema` prints the JSON Schema, `fairlead fleet validate` checks a file.",
    ]
    for part in parts():
        if part.__name__ in definitions:
            lines += _section(part, definitions[part.__name__])
    return "\n".join(lines) + "\n"


def _section(part: type[msgspec.Struct], definition: dict[str, Any]) -> Iterator[str]:
    yield f"\n## {part.__name__}\n"
    yield _as_in_the_file(inspect.cleandoc(part.__doc__ or ""), part)
    yield "\n| field | type | default |\n| --- | --- | --- |"
    required = definition.get("required", [])
    for name, field in definition["properties"].items():
        yield f"| `{name}` | {_type(field)} | {'required' if name in required else _default(field)} |"


def _default(field: dict[str, Any]) -> str:
    """A part's own defaults stand in its own section."""
    value = field.get("default")
    return "its own" if "$ref" in field and isinstance(value, dict) else f"`{msgspec.json.encode(value).decode()}`"


def _as_in_the_file(text: str, part: type[msgspec.Struct]) -> str:
    for field in msgspec.structs.fields(part):
        text = text.replace(f"`{field.name}`", f"`{field.encode_name}`")
    return text


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"] if each.get("type") != "null")
    if "enum" in field:
        return " \\| ".join(f"`{each}`" for each in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    if field.get("type") == "object":
        return "mapping of text to text"
    return f"{field.get('type', 'any')}{_bounds(field)}"


def _bounds(field: dict[str, Any]) -> str:
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}
    words = [f"{sign} {field[key]}" for key, sign in bounds.items() if key in field]
    if "examples" in field:
        words.append("like " + ", ".join(f"`{each}`" for each in field["examples"]))
    return f" ({', '.join(words)})" if words else ""
