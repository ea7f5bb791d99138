"""Text to code: parse, check, generate."""

from types import CodeType

from fairlead.checks.cel.check import check
from fairlead.checks.cel.fields import fields_read
from fairlead.checks.cel.generate import generate
from fairlead.checks.cel.parser import parse
from fairlead.checks.cel.program import Reads


def compiled(source: str, names: tuple[str, ...]) -> tuple[CodeType, Reads]:
    """The code of the generated function, and the fields it reads."""
    tree = parse(source)
    check(tree, source, names)
    reads = fields_read(tree, names)
    text = generate(tree, names)
    module = compile(text, "<cel>", "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType)), reads
