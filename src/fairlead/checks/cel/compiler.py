"""Text to code: parse, check, generate."""

from types import CodeType

from fairlead.checks.cel.check import check
from fairlead.checks.cel.generate import generate
from fairlead.checks.cel.parser import parse


def compiled(source: str, names: tuple[str, ...]) -> CodeType:
    """The code of the generated function."""
    tree = parse(source)
    check(tree, source, names)
    text = generate(tree, names)
    module = compile(text, "<cel>", "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))
