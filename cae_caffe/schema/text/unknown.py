"""The unknown names in a text, gathered so that all of them are told at once."""

from __future__ import annotations

from dataclasses import dataclass

from ...printing import times

MOST_KINDS = 20     # that are told; a file of another kind altogether has any number


@dataclass
class _Kind:
    problem: str
    remedy: str
    places: list[tuple[int, int]]       # line and column of each, the column 0 where it is not known


class UnknownNames:
    """What is unknown in the file `name`, by kinds: equal problems are of one kind."""

    def __init__(self, name: str):
        self._name = name
        self._kinds: dict[str, _Kind] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def add(self, token, problem: str, remedy: str = "") -> None:
        """Note `problem`, half a sentence, of the place of `token`; `remedy` ends the sentence."""
        kind = self._kinds.setdefault(problem, _Kind(problem, remedy, []))
        kind.places.append((token.line, token.column))

    def told(self) -> list[str]:
        """A sentence for each kind, with its number and lines, in the order of their first places."""
        kinds = list(self._kinds.values())
        rest = kinds[MOST_KINDS:]
        return [self._sentence(kind) for kind in kinds[:MOST_KINDS]] + [
            f"{self._name}: {len(rest)} more names are unknown." for _ in rest[:1]]

    def _sentence(self, kind: _Kind) -> str:
        line, column = kind.places[0]
        place = f"{self._name}:{line}:{column}" if column else f"{self._name}:{line}"
        end = "" if kind.remedy.endswith("?") else "."
        return f"{place}: {kind.problem}{times([line for line, _ in kind.places])}{kind.remedy}{end}"
