"""JSON values as CEL literals."""

import json
from typing import Any


def literal(value: Any) -> str:
    """Where the parts of a list or a mapping are of several types, each is `dyn`: the API server asks for that."""
    if isinstance(value, dict):
        entries = ", ".join(f"{literal(key)}: dyn({literal(each)})" for key, each in value.items())
        return f"{{{entries}}}"
    if isinstance(value, list | tuple):
        mixed = len({type(each) for each in value}) > 1 or any(isinstance(each, dict | list) for each in value)
        return f"[{', '.join(f'dyn({literal(each)})' if mixed else literal(each) for each in value)}]"
    # JSON's escapes are CEL's too, those of pairs of surrogates excepted.
    return json.dumps(value, ensure_ascii=False)
