"""The language, section by section, in examples to read."""

from typing import Any

import pytest

from fairlead.checks.cel import CelError, Optional, UInt, compile_program

_OBJECT = {
    "metadata": {"name": "shop", "labels": {"app": "shop"}},
    "spec": {
        "replicas": 3,
        "template": {"spec": {"containers": [{"name": "app", "image": "reg.io/app:1"}, {"name": "side"}]}},
    },
}

EQUALITY = {
    "dyn(1) == 1.0": True,
    "dyn(1) == 1u": True,
    "dyn(true) == 1": False,
    "dyn(1) == '1'": False,
    "dyn([1]) == [1.0]": True,
    "dyn([true]) == [1]": False,
    "object.spec.replicas == 3.0": True,
    "object.missing == 1 || true": True,
    "double('NaN') == double('NaN')": False,
}
ORDER = {
    "1 < 2.5": True,
    "2u > 1": True,
    "-1 < 1u": True,
    "'a' < 'b'": True,
    "false < true": True,
    "duration('90s') > duration('1m')": True,
}
ARITHMETIC = {
    "7 / -2": -3,
    "-7 % 2": -1,
    "7 % -2": 1,
    "2u * 3u": UInt(6),
    "1.0 / 0.0": float("inf"),
    "'a' + 'b'": "ab",
    "[1] + [2]": [1, 2],
    "-9223372036854775808": -(2**63),
    "1 + 2 * 3 - 4": 3,
}
LOGIC = {
    "object.missing && false": False,
    "false && object.missing": False,
    "object.missing || true": True,
    "true || 1 / 0 > 0": True,
    "object.missing == 1 && object.missing == 2 && false": False,
    "has(object.spec) ? 1 : 2": 1,
}
FIELDS = {
    "has(object.spec.replicas)": True,
    "has(object.spec.paused)": False,
    "has(object.metadata.name.first)": False,
    "object.metadata['name']": "shop",
    "'app' in object.metadata.labels": True,
    "3 in [1, 2]": False,
    "object.spec.template.spec.containers[1].name": "side",
    "{1: 'a'}[dyn(1.0)]": "a",
    "{true: 'a', false: 'b'}[false]": "b",
    "size('h\u00e9llo')": 5,
}
MACROS = {
    "[1, 2, 3].all(x, x > 0)": True,
    "[1, 2, 3].exists(x, x > 2)": True,
    "[1, 2, 3].exists_one(x, x > 1)": False,
    "[1, 2, 3].map(x, x > 1, x * 2)": [4, 6],
    "{'a': 1, 'b': 2}.filter(k, k != 'a')": ["b"],
    "object.spec.template.spec.containers.all(c, c.image == 'x')": False,
    "object.spec.template.spec.containers.exists(c, c.image == 'reg.io/app:1')": True,
    "['a', 'b'].transformMap(i, v, v + string(i))": {0: "a0", 1: "b1"},
    "[3, 1, 2].sortBy(x, -x)": [3, 2, 1],
    "[1, 2].map(x, [10, 20].map(y, x * y))": [[10, 20], [20, 40]],
}
OPTIONALS = {
    "object.?spec.?replicas": Optional(3),
    "object.?spec.?paused.orValue(false)": False,
    "object.?spec.replicas.optMap(r, r + 1).orValue(0)": 4,
    "[?object.?missing, ?optional.of(dyn(2))]": [2],
    "{?'r': object.?spec.?replicas}": {"r": 3},
    "object.?missing.or(object.?metadata).hasValue()": True,
}
LIBRARIES = {
    "quantity('1.5Gi') == quantity('1536Mi')": True,
    "quantity('100m').isLessThan(quantity('1'))": True,
    "semver('v1.30', true).isGreaterThan(semver('1.29.9'))": True,
    "cidr('10.0.0.0/8').containsIP('10.1.2.3')": True,
    "url('https://a.example:8443/x').getPort()": "8443",
    "format.dns1123Label().validate('Nope').hasValue()": True,
    "'registry/app:1.2'.find('[0-9.]+$')": "1.2",
    "'%s has %d'.format(['shop', 3])": "shop has 3",
    "sets.contains(['a', 'b'], ['b'])": True,
    "[3, 1].max() - [3, 1].min()": 2,
    "timestamp('2024-02-29T12:00:00Z').getDayOfYear()": 59,
    "string(duration('1h1m'))": "3660s",
}
SECTIONS = (EQUALITY, ORDER, ARITHMETIC, LOGIC, FIELDS, MACROS, OPTIONALS, LIBRARIES)

ERRORS = {
    "object.missing": "no such key: missing",
    "object.spec.replicas.x": "no such overload",
    "object.missing && true": "no such key: missing",
    "9223372036854775807 + 1": "overflow",
    "-(-9223372036854775808)": "overflow",
    "1u - 2u": "overflow",
    "1 / 0": "division by zero",
    "1 % 0": "modulus by zero",
    "object.spec.replicas + 'x'": "no such overload",
    "object.metadata.name[0]": "no such overload",
    "object.spec.replicas && true": "no such overload",
    "[1][1]": "out of bounds",
    "[1][-1]": "out of bounds",
    "optional.none().value()": "optional.none() dereference",
    "int(object.metadata.name)": "type conversion error",
    "object.metadata.name.matches(object.metadata.name + '[')": "Illegal regex",
    "object.spec.template.spec.containers.all(c, c.image != '')": "no such key: image",
}


def evaluated(expression: str) -> Any:
    return compile_program(expression, ("object",)).evaluate({"object": _OBJECT})


@pytest.mark.parametrize(("expression", "value"), [pair for section in SECTIONS for pair in section.items()])
def test_an_expression_has_its_value(expression: str, value: Any) -> None:
    result = evaluated(expression)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(("expression", "message"), ERRORS.items())
def test_an_error_says_what_went_wrong(expression: str, message: str) -> None:
    with pytest.raises(CelError, match=message.replace("(", r"\(").replace(")", r"\)")):
        evaluated(expression)


def test_a_variable_that_was_not_given_is_named() -> None:
    program = compile_program("object.a", ("object",))
    with pytest.raises(CelError, match="no such attribute: object"):
        program.evaluate({})


def test_a_default_settles_the_overload_unless_it_is_dynamic() -> None:
    """After `[?key]` the API server's checker takes an unknown value for what the default is, and calls only that."""
    with pytest.raises(CelError, match=r"no such overload: string\(int\)"):
        evaluated("string(object.spec[?'replicas'].orValue(''))")
    assert evaluated("string(object.spec[?'replicas'].orValue(dyn('')))") == "3"
