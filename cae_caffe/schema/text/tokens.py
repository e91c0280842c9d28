"""Words, numbers, strings and signs of the text format, with the place of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from ...errors import InputError
from .unknown import UnknownNames

# Numbers as in Caffe's parser: hexadecimal, octal (a leading 0), decimal; a decimal one may end in f.
_TOKEN = re.compile(r"""
    (?P<space>[ \t\r\n\v\f]+ | \#[^\n]*)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>0[xX][0-9a-fA-F]+ | 0[0-7]+ | (?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)? | \.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?)
  | (?P<string>"(?:[^"\\\n\0]|\\[^\n])*" | '(?:[^'\\\n\0]|\\[^\n])*')
  | (?P<sign>.)
""", re.VERBOSE)
_RUN_ON = re.compile(r"[A-Za-z0-9_.]*")
_SHOWN = 200        # characters of a token that a message has
_BYTE_ORDER_MARK = "\ufeff"


class Token(NamedTuple):
    """One token; `kind` is word, number, string, sign or end; `line` and `column` count from 1."""

    kind: str
    text: str
    line: int
    column: int

    def __str__(self) -> str:
        return "the end of the file" if self.kind == "end" else _quoted(self.text)


def _quoted(text: str) -> str:
    return f"`{text}`" if len(text) <= _SHOWN else f"`{text[:_SHOWN]}...` (of {len(text)} characters)"


def tokenize(text: str, name: str) -> Iterator[Token]:
    """Yield the tokens of `text`, comments left out, and an `end` token.

    Raises InputError, with `name` for the file, where a string or a number is malformed.
    """
    line, line_start = 1, 0
    for match in _TOKEN.finditer(text):
        kind, value = match.lastgroup or "", match.group()
        if kind != "space":
            token = Token(kind, value, line, match.start() - line_start + 1)
            run_on = _RUN_ON.match(text, match.end())
            _check(token, run_on.group() if run_on else "", name)
            yield token
        elif "\n" in value:
            line += value.count("\n")
            line_start = match.start() + value.rindex("\n") + 1
    yield Token("end", "", line, len(text) - line_start + 1)


def _check(token: Token, run_on: str, name: str) -> None:
    if token.kind == "number" and run_on:
        fail(name, token, f"{_quoted(token.text + run_on)} is not a number")
    if token.text in ('"', "'"):
        fail(name, token, f"the string that {token.text} opens is not closed on its line")
    if token.text == _BYTE_ORDER_MARK:
        fail(name, token, "the file has a byte order mark here, which Caffe does not read: save it as plain UTF-8")


def fail(name: str, token: Token, problem: str) -> NoReturn:
    """Raise InputError that says `problem` of the place of `token` in file `name`."""
    end = "" if problem.endswith("?") else "."
    raise InputError(f"{name}:{token.line}:{token.column}: {problem}{end}")


class TokenReader:
    """The tokens of one text, to be taken one after the other; `unknown` are the unknown names among them."""

    def __init__(self, text: str, name: str):
        self.name = name
        self.unknown = UnknownNames(name)
        self.depth = 0      # of the blocks that are open
        self._tokens = tokenize(text, name)
        self.next: Token = next(self._tokens)

    def take(self) -> Token:
        """Return the next token and step over it; the end stays."""
        token = self.next
        if token.kind != "end":
            self.next = next(self._tokens)
        return token

    def take_kind(self, kind: str) -> Token | None:
        """Step over the next token and return it if it is of `kind`; else return None."""
        return self.take() if self.next.kind == kind else None

    def take_sign(self, *signs: str) -> Token | None:
        """Step over the next token and return it if it is one of `signs`; else return None."""
        return self.take() if self.next.kind == "sign" and self.next.text in signs else None

    def fail(self, token: Token, problem: str) -> NoReturn:
        """Raise InputError that says `problem` of the place of `token`."""
        fail(self.name, token, problem)
