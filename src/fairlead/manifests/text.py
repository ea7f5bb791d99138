"""From bytes to text: UTF-8 without a mark and with line feeds, or the reason why not."""

import codecs

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# As many as decide whether something is text.
_SAMPLE = 8192


class NotTextError(Exception):
    """Bytes that are no manifest; `line` and `column` count from 1, 0 where there are none."""

    def __init__(self, what: str, hint: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.line = line
        self.column = column


def decode(data: bytes) -> str:
    """NotTextError for what is binary or in another encoding."""
    if data.startswith(_UTF16):
        raise NotTextError("is text in UTF-16", hint="save it as UTF-8")
    if b"\0" in data:
        raise _with_nul(data)
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line, column = _place(data, error.start)
        raise NotTextError(
            f"holds a byte that is no UTF-8: 0x{data[error.start]:02x}", "save it as UTF-8", line, column
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _with_nul(data: bytes) -> NotTextError:
    first = data.index(0)
    if data.count(0, 0, _SAMPLE) > 1:
        return NotTextError("is a binary file")
    line, column = _place(data, first)
    return NotTextError("holds a NUL byte", "no manifest has one: the file may be binary or damaged", line, column)


def _place(data: bytes, offset: int) -> tuple[int, int]:
    return data.count(b"\n", 0, offset) + 1, offset - data.rfind(b"\n", 0, offset)
