"""Tokens to a tree: a Pratt parser for CEL with the macros of the API server."""

from fairlead.checks.cel.errors import CelSyntaxError, at
from fairlead.checks.cel.nodes import (
    Call,
    Condition,
    Has,
    Ident,
    Index,
    ListOf,
    Literal,
    Logic,
    Macro,
    MapOf,
    Node,
    Select,
)
from fairlead.checks.cel.tokens import Token, number, tokenize

# cel-go's own bound on the text; and a depth that neither Python's stack nor its compiler minds.
MAX_LENGTH = 100_000
MAX_DEPTH = 60
MAX_HEIGHT = 160

_BINDING = dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3)
_BINDING |= dict.fromkeys("+-", 4) | dict.fromkeys("*/%", 5)
_RELATION = 3
_RESERVED = frozenset({
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
})  # fmt: skip
_KEYWORDS = frozenset({"in", "true", "false", "null"})
_CONSTANTS = {"true": True, "false": False, "null": None}

# name → number of arguments → number of variables
_MACROS = {
    "all": {2: 1, 3: 2},
    "exists": {2: 1, 3: 2},
    "exists_one": {2: 1, 3: 2},
    "existsOne": {3: 2},
    "map": {2: 1, 3: 1},
    "filter": {2: 1},
    "transformList": {3: 2, 4: 2},
    "transformMap": {3: 2, 4: 2},
    "transformMapEntry": {3: 2, 4: 2},
    "optMap": {2: 1},
    "optFlatMap": {2: 1},
    "sortBy": {2: 1},
}


def parse(source: str) -> Node:
    """CelSyntaxError with the place and, where there is one, a hint."""
    if len(source) > MAX_LENGTH:
        raise CelSyntaxError(f"the expression has {len(source)} characters; at most {MAX_LENGTH} are read")
    return _Parser(source).whole()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = tokenize(source)
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        if self._tokens[0].kind == "end":
            raise at(self._source, 0, "the expression is empty")
        node = self._expression()
        token = self._peek()
        if token.kind != "end":
            raise self._unexpected(token)
        return node

    def _expression(self) -> Node:
        """A ternary or anything that binds more tightly."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(self._peek(), f"the expression is nested more than {MAX_DEPTH} levels deep")
        test = self._logic("||")
        token = self._peek()
        if token.text == "?" and token.kind == "punct":
            self._next += 1
            then = self._logic("||")
            self._expect(":")
            otherwise = self._expression()
            test = self._grown(Condition(test, then, otherwise, position=token.position), test, then, otherwise)
        self._depth -= 1
        return test

    def _logic(self, operator: str) -> Node:
        first = self._logic("&&") if operator == "||" else self._binary(_RELATION)
        token = self._peek()
        if token.text != operator or token.kind != "punct":
            return first
        terms = [first]
        while self._peek().text == operator and self._peek().kind == "punct":
            self._next += 1
            terms.append(self._logic("&&") if operator == "||" else self._binary(_RELATION))
        return self._grown(Logic(operator == "&&", terms, position=token.position), *terms)

    def _binary(self, least: int) -> Node:
        left = self._unary()
        while True:
            token = self._peek()
            power = _BINDING.get(token.text, 0) if token.kind in {"punct", "name"} else 0
            if power < least:
                return left
            self._next += 1
            right = self._binary(power + 1)
            name = "@in" if token.text == "in" else f"_{token.text}_"
            left = self._grown(Call(None, name, [left, right], position=token.position), left, right)

    def _unary(self) -> Node:
        token = self._peek()
        if token.kind != "punct" or token.text not in {"!", "-"}:
            return self._member(self._primary())
        count = 0
        while self._peek().text == token.text and self._peek().kind == "punct":
            count += 1
            self._next += 1
        operand_token = self._peek()
        if token.text == "-" and count == 1 and operand_token.kind in {"int", "float"}:
            # The sign belongs to the number: the smallest integer has no positive twin.
            self._next += 1
            value = number(self._source, operand_token, "-")
            operand = self._member(Literal(value, position=operand_token.position))
            count -= 1
        elif operand_token.text == "-" and operand_token.kind == "punct":
            operand = self._negative_literal()
        else:
            operand = self._member(self._primary())
        if count % 2 == 0:
            return operand
        return self._grown(Call(None, f"{token.text}_", [operand], position=token.position), operand)

    def _negative_literal(self) -> Node:
        self._next += 1
        token = self._advance()
        if token.kind not in {"int", "float"}:
            raise self._unexpected(token)
        return self._member(Literal(number(self._source, token, "-"), position=token.position))

    def _member(self, node: Node) -> Node:
        while True:
            token = self._peek()
            if token.kind != "punct" or token.text not in {".", "["}:
                return node
            self._next += 1
            node = self._select(node, token) if token.text == "." else self._index(node, token)

    def _select(self, operand: Node, dot: Token) -> Node:
        optional = self._accept("?")
        token = self._advance()
        if token.kind != "name" or token.text in _KEYWORDS:
            raise self._error(
                token,
                f"a field name is expected after `.`, found {_named(token)}",
                f'write `["{token.text}"]` for this key' if token.text in _KEYWORDS else "",
            )
        if not optional and self._accept("("):
            return self._method(operand, token)
        return self._grown(Select(operand, token.text, optional, position=dot.position), operand)

    def _method(self, target: Node, name: Token) -> Node:
        args = self._arguments()
        arities = _MACROS.get(name.text)
        if arities and len(args) in arities:
            return self._macro(target, name, args, arities[len(args)])
        return self._grown(Call(target, name.text, args, position=name.position), target, *args)

    def _macro(self, target: Node, name: Token, args: list[Node], variable_count: int) -> Node:
        variables: list[str] = []
        for arg in args[:variable_count]:
            if not isinstance(arg, Ident) or arg.absolute:
                raise at(
                    self._source, arg.position, f"`{name.text}` binds a variable: its name must be a simple identifier"
                )
            if arg.name in variables:
                raise at(self._source, arg.position, f"`{name.text}` binds `{arg.name}` twice")
            if arg.name == "__result__":
                raise at(self._source, arg.position, "`__result__` is the name of the accumulator")
            variables.append(arg.name)
        rest = args[variable_count:]
        node = Macro(target, name.text, tuple(variables), rest, position=name.position)
        return self._grown(node, target, *rest)

    def _index(self, operand: Node, bracket: Token) -> Node:
        optional = self._accept("?")
        index = self._expression()
        self._expect("]")
        return self._grown(Index(operand, index, optional, position=bracket.position), operand, index)

    def _primary(self) -> Node:
        token = self._advance()
        if token.kind in {"int", "float"}:
            return Literal(number(self._source, token), position=token.position)
        if token.kind in {"string", "bytes"}:
            return Literal(token.value, position=token.position)
        if token.kind == "name":
            return self._name(token)
        if token.text == "(":
            node = self._expression()
            self._expect(")")
            return node
        if token.text == "[":
            return self._list(token)
        if token.text == "{":
            return self._map(token)
        if token.text == ".":
            name = self._advance()
            if name.kind != "name" or name.text in _KEYWORDS:
                raise self._unexpected(name)
            return self._name(name, absolute=True)
        raise self._unexpected(token)

    def _name(self, token: Token, *, absolute: bool = False) -> Node:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], position=token.position)
        if token.text == "in":
            raise self._unexpected(token)
        if token.text in _RESERVED:
            raise self._error(token, f"`{token.text}` is a reserved word")
        if not self._accept("("):
            return Ident(token.text, absolute, position=token.position)
        args = self._arguments()
        if token.text == "has" and len(args) == 1:
            return self._has(token, args[0])
        return self._grown(Call(None, token.text, args, position=token.position), *args)

    def _has(self, token: Token, arg: Node) -> Node:
        if not isinstance(arg, Select) or arg.optional:
            raise self._error(token, "`has` takes a field selection", 'write `has(a.b)`; for other keys, `"key" in a`')
        return self._grown(Has(arg.operand, arg.field, position=token.position), arg)

    def _list(self, bracket: Token) -> Node:
        elements: list[tuple[Node, bool]] = []
        if self._accept(","):  # cel-go's grammar takes a comma for an empty list
            self._expect("]")
            return ListOf(elements, position=bracket.position)
        while not self._accept("]"):
            optional = self._accept("?")
            elements.append((self._expression(), optional))
            self._separator("]")
        return self._grown(ListOf(elements, position=bracket.position), *(each for each, _ in elements))

    def _map(self, brace: Token) -> Node:
        entries: list[tuple[Node, Node, bool]] = []
        if self._accept(","):
            self._expect("}")
            return MapOf(entries, position=brace.position)
        while not self._accept("}"):
            optional = self._accept("?")
            key = self._expression()
            self._expect(":")
            entries.append((key, self._expression(), optional))
            self._separator("}")
        parts = [part for key, value, _ in entries for part in (key, value)]
        return self._grown(MapOf(entries, position=brace.position), *parts)

    def _separator(self, closing: str) -> None:
        """A comma, or the closing bracket left for the loop to see. One trailing comma is allowed."""
        if self._peek().text != closing or self._peek().kind != "punct":
            self._expect(",")

    def _arguments(self) -> list[Node]:
        if self._accept(")"):
            return []
        args = [self._expression()]
        while not self._accept(")"):
            self._expect(",")
            args.append(self._expression())
        return args

    def _grown(self, node: Node, *parts: Node) -> Node:
        node.height = 1 + max((part.height for part in parts), default=0)
        if node.height > MAX_HEIGHT:
            raise at(self._source, node.position, f"the expression is more than {MAX_HEIGHT} operations deep")
        return node

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _accept(self, text: str) -> bool:
        token = self._tokens[self._next]
        if token.text != text or token.kind != "punct":
            return False
        self._next += 1
        return True

    def _expect(self, text: str) -> None:
        token = self._peek()
        if not self._accept(text):
            raise self._error(token, f"`{text}` is expected, found {_named(token)}")

    def _unexpected(self, token: Token) -> CelSyntaxError:
        return self._error(token, f"unexpected {_named(token)}")

    def _error(self, token: Token, message: str, hint: str = "") -> CelSyntaxError:
        return at(self._source, token.position, message, hint)


def _named(token: Token) -> str:
    return "the end of the expression" if token.kind == "end" else f"`{token.text}`"
