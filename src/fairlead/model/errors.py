"""The one family of errors a person is meant to read: what we were doing, where, and what would help."""


class FairleadError(Exception):
    """
    An error whose text is for a person.

    `place` is the file, object or field it is about; `hint` says what would help. The command line prints
    `error: …`, a blank line and `hint: …`, and ends with `exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str, *, place: str = "", hint: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.message = message
        self.place = place
        self.hint = hint


class UsageError(FairleadError):
    """What was asked for cannot be meant: a wrong file, name or value. Nothing was done."""

    exit_code = 2


class UnreachableError(FairleadError):
    """Something outside did not answer, or refused our credentials. Trying again later may help."""

    exit_code = 3
