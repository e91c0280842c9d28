"""argparse, but a misspelt flag or command is answered with the one that it comes near to."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from .. import spelling


class FlagParser(argparse.ArgumentParser):
    """An ArgumentParser whose errors end with a suggestion for each word that is no flag but looks like one."""

    def __init__(self, **options: Any):
        self.flags: list[str] = []
        self.children: Any = None           # what `add_subparsers` made, if it was called
        self._words: list[str] = []
        super().__init__(**options)

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """As argparse does it."""
        self.flags += names
        return super().add_argument(*names, **options)

    def add_subparsers(self, **options: Any) -> Any:
        """As argparse does it."""
        self.children = super().add_subparsers(**options)
        return self.children

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does it."""
        self._words = [str(word).split("=")[0] for word in args or []]
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """As argparse does it; a flag that is missing or unrecognized may have been misspelt."""
        known = self.known_flags()
        hints = []
        for word in self._words:
            if word.startswith("-") and word not in known:
                near = spelling.nearest(word, known)
                hints += [f"{word}: did you mean {_dashed(near, word, known)}?"] if near else []
            elif self.children and f"invalid choice: '{word}'" in message:
                near = spelling.nearest(word, self.children.choices)
                hints += [f"did you mean {near}?"] if near else []
        super().error("; ".join(filter(None, [message, " ".join(hints)])))

    def known_flags(self) -> list[str]:
        """The flags of this parser and of those of its commands, all the way down."""
        children = self.children.choices.values() if self.children else ()
        return [flag for flag in self.flags if flag.startswith("-")] + [
            flag for child in children if isinstance(child, FlagParser) for flag in child.known_flags()]


def _dashed(flag: str, word: str, known: list[str]) -> str:
    """`flag` with as many dashes as `word` has, if there is such a flag."""
    alike = word[:len(word) - len(word.lstrip("-"))] + flag.lstrip("-")
    return alike if alike in known else flag
