"""What a layer can do that goes on from batch to batch: say where it stands, and go on from such a place."""

from __future__ import annotations

import numpy as np

from ...errors import InputError

Place = dict[str, np.ndarray]
HIDDEN = "hidden"       # what a hidden state, or another that is no whole number, is called in a place


class DataSource:
    """A layer that a snapshot can go on from exactly: one that reads data in an order, or keeps a state of its own.

    Its place is arrays by name: whole numbers, and numbers of any kind for a state, HIDDEN.

    Arrays that a place holds are never written again by the layer.
    """

    def place(self) -> Place:
        """Where the batch after the last one fed begins, and the random numbers of the layer's own."""
        raise NotImplementedError

    def go_to(self, place: Place) -> None:
        """Go on from `place` at the next batch. Raises InputError if the data, or shapes, are others."""
        raise NotImplementedError


class PassCounter(DataSource):
    """A layer whose place is how many passes it has made, `passes`."""

    passes: int

    def place(self) -> Place:
        return {"passes": np.array(self.passes)}

    def go_to(self, place: Place) -> None:
        self.passes = number(place, "passes")


def require_source(source: str, field: str) -> None:
    """Raises InputError if a layer's `source` is empty; `field` is the message that gives it."""
    if not source:
        raise InputError(f"it has no `source`, which says where its data are; write it as `{field} {{ source: \"...\" "
                         "... }`.")


def found(place: Place, name: str) -> np.ndarray:
    """What is called `name` in a place. Raises InputError if it is missing."""
    if name not in place:
        raise InputError(f"it has no `{name}`, so the position is of another layer, or damaged")
    return np.asarray(place[name])


def number(place: Place, name: str, below: int = 1 << 31) -> int:
    """The whole number `name` of a place, from 0 to `below` - 1. Raises InputError if it is missing or another."""
    value = found(place, name)
    if value.ndim or not 0 <= int(value) < below:
        raise InputError(f"its `{name}` is {value}, and must be one number from 0 to {below - 1}, so the position is "
                         "damaged")
    return int(value)


def order(place: Place, name: str, count: int) -> np.ndarray:
    """The order `name` of `count` things of a place. Raises InputError if it does not name each of them once."""
    values = found(place, name)
    if values.shape != (count,) or not np.array_equal(np.sort(values), np.arange(count)):
        raise InputError(f"its `{name}` is not an order of {count} things, so the position is damaged")
    return values


def require_same(what: str, recorded: int, present: int) -> None:
    """Raises InputError unless the source has as many of `what` as it had when its place was recorded."""
    if recorded != present:
        raise InputError(f"it had {recorded} {what} and has {present} now, so it is not the data that the run was "
                         "trained on")
