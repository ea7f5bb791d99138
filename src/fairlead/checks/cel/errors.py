"""What goes wrong with an expression: while it is read, or while it is evaluated."""


class CelError(Exception):
    """An evaluation failed: a key that is not there, an operation these types do not have, an overflow."""


class CelSyntaxError(ValueError):
    """
    An expression that cannot be compiled: syntax, unknown names or functions, types that cannot fit.

    `line` and `column` count from 1 and point at the offending part of the expression.
    """

    def __init__(self, message: str, line: int = 1, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.message} (line {self.line}, column {self.column})"
        return f"{text}; {self.hint}" if self.hint else text


def at(source: str, position: int, message: str, hint: str = "") -> CelSyntaxError:
    """The error for the character at `position`."""
    before = source[:position]
    line = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    return CelSyntaxError(message, line, column, hint)
