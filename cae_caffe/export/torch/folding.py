"""Long lines of source, folded behind commas."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator, Sequence

WIDTH = 120     # of lines of source and prose, as in modules/
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")


def folded(statement: str, indentation: int) -> str:
    """A statement of one line, indented by so many blanks, in lines of at most WIDTH.

    They end behind commas in brackets, the next below what the innermost bracket has first; of several brackets the
    outer ones are folded first. Where there is no such comma, lines are longer.
    """
    folding = _Folding(indentation)
    folding.place(_tokens(statement), 1)
    return "\n".join(folding.lines)


class _Folding:
    """Lines under construction; `opened` are the columns behind the brackets that are open in the last one's end."""

    def __init__(self, indentation: int):
        self.lines = [" " * indentation]
        self.opened: list[int] = []

    def place(self, tokens: Sequence[str], depth: int) -> None:
        """Append the tokens, folded at commas in so many brackets, or in more where that is not enough."""
        for piece in _pieces(tokens, len(self.opened), depth):
            rest = piece[1:]        # without the blanks
            if len(self.lines[-1]) + len("".join(piece)) <= WIDTH:
                self._append(piece)
            elif self.opened and self.opened[-1] + len("".join(rest)) <= WIDTH:
                self.lines.append(" " * self.opened[-1])
                self._append(rest)
            elif any(others != piece for others in _pieces(piece, len(self.opened), depth + 1)):
                self.place(piece, depth + 1)
            else:
                self._append(piece)

    def _append(self, tokens: Sequence[str]) -> None:
        for token in tokens:
            self.lines[-1] += token
            if token in OPENING:
                self.opened.append(len(self.lines[-1]))
            elif token in CLOSING:
                self.opened.pop()


def _tokens(statement: str) -> list[str]:
    """The statement's tokens, each behind the blanks before it."""
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(statement).readline) if token.string.strip()]
    ends = [token.end[1] for token in tokens]
    gaps = [" " * (token.start[1] - end) for end, token in zip([0, *ends], tokens)]
    return [text for pair in zip(gaps, (token.string for token in tokens)) for text in pair]


def _pieces(tokens: Sequence[str], opened: int, depth: int) -> Iterator[list[str]]:
    """The tokens, which begin in `opened` brackets and with blanks, up to and with each comma in `depth` of them."""
    piece: list[str] = []
    for text in tokens:
        piece.append(text)
        opened += (text in OPENING) - (text in CLOSING)
        if text == "," and opened == depth:
            yield piece
            piece = []
    if piece:
        yield piece
