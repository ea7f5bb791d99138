"""What generated source is put together from: expressions that are evaluated once, and the lines before them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Python bounds the brackets in a line, the blocks in a function and the depth its compiler walks: stay far below.
_MAX_BRACKETS = 16
_MAX_BLOCKS = 8


@dataclass(slots=True)
class Piece:
    """
    A Python expression. `kind` is the name of the type its value has for certain, or empty.

    `fallible`: evaluating it, or the lines written for it, may raise. `atom`: may be repeated at no cost.
    """

    text: str
    kind: str = ""
    fallible: bool = True
    depth: int = 1
    atom: bool = False


@dataclass(slots=True)
class Block:
    """Lines, and the piece they lead to."""

    lines: list[str]
    piece: Piece

    @property
    def blocks(self) -> int:
        return max((len(line) - len(line.lstrip(" ")) for line in self.lines), default=0)


class Writer:
    """The lines of the function so far, names for its variables, and functions split off from it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.helpers: list[str] = []
        self._names = 0

    def name(self, prefix: str = "t") -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def write(self, *lines: str) -> None:
        self.lines.extend(lines)

    def nest(self, lines: list[str]) -> None:
        """Lines inside the block whose head was written last."""
        self.lines.extend(f" {line}" for line in lines)

    @contextmanager
    def apart(self) -> Iterator[list[str]]:
        """What is written inside goes to a list of its own."""
        outer, self.lines = self.lines, []
        try:
            yield self.lines
        finally:
            self.lines = outer

    def keep(self, block: Block, variables: list[str]) -> Piece:
        """Go on with the lines of a block; a function of its own where they are nested deeply."""
        if block.blocks <= _MAX_BLOCKS:
            self.lines.extend(block.lines)
            return self.flat(block.piece)
        name = self.name("h")
        arguments = ", ".join(variables)
        self.helpers.append(f"def {name}({arguments}):")
        self.helpers.extend(f" {line}" for line in block.lines)
        self.helpers.append(f" return {block.piece.text}")
        return Piece(f"{name}({arguments})", block.piece.kind, block.piece.fallible)

    def flat(self, piece: Piece) -> Piece:
        """The same piece, through a variable where its brackets are nested deeply."""
        return piece if piece.depth <= _MAX_BRACKETS else self.stored(piece)

    def stored(self, piece: Piece) -> Piece:
        if piece.atom:
            return piece
        name = self.name()
        self.write(f"{name} = {piece.text}")
        return Piece(name, piece.kind, piece.fallible, depth=1, atom=True)
