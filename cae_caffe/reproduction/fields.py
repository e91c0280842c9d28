"""What the fields of our JSON files hold, checked where a file is read so that nobody behind need ask again.

People edit such files, older versions wrote them, and disks lose parts of them. A field that a file need not have is
checked if it is there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple

from ..errors import InputError

MOST = 1e100        # of a finite number: more is no loss and no time, and sums of it overflow


class Kind(NamedTuple):
    """What a field must be: in words, and by a test."""

    words: str
    holds: Callable[[Any], bool]


def _is_whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def is_number(value) -> bool:
    """Whether it is a number that sums and pictures take: of 64 bits, infinite, NaN, or at most MOST."""
    return _is_whole(value) or (isinstance(value, float) and not MOST < abs(value) < math.inf)


def _is_list(test: Callable[[Any], bool], length: int | None = None) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(test, value)) and length in (None, len(value))


def _is_mapping(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(test, value.values()))


def _is_point(value) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_whole(value[0]) and is_number(value[1])


def _is_curves(value) -> bool:
    points = _is_list(_is_point)
    return isinstance(value, dict) and all(
        points(found) if name == "loss" else _is_mapping(points)(found) for name, found in value.items())


def object_of(**fields: Kind) -> Kind:
    """An object with all of these fields."""
    return Kind(f"an object with {', '.join(fields)}", lambda value: isinstance(value, dict) and all(
        name in value and kind.holds(value[name]) for name, kind in fields.items()))


def optional(kind: Kind) -> Kind:
    """`kind`, or null."""
    return Kind(f"{kind.words} or null", lambda value: value is None or kind.holds(value))


def list_of(kind: Kind) -> Kind:
    """A list of such."""
    return Kind(f"a list of which each is {kind.words}", _is_list(kind.holds))


TEXT = Kind("a text", lambda value: isinstance(value, str))
WHOLE = Kind("a whole number", _is_whole)
COUNT = Kind("a whole number above 0", lambda value: _is_whole(value) and value > 0)
SECONDS = Kind("a number from 0 on", lambda value: is_number(value) and 0 <= value < math.inf)
NUMBERS = Kind("a number or several", lambda value: is_number(value) or _is_list(is_number)(value)
               or _is_mapping(is_number)(value))
LOSSES = Kind("losses by name", _is_mapping(is_number))
CURVES = Kind("curves of points, each an iteration and a value", _is_curves)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
ANY_LIST = Kind("a list", lambda value: isinstance(value, list))


def check(path, found: dict, kinds: Mapping[str, Kind], needed: Iterable[str], remedy: str) -> dict:
    """Return `found`, of the file `path`; raise InputError, which ends with `remedy`, for the fields that are wrong."""
    lacking = [name for name in needed if name not in found]
    wrong = [name for name, kind in kinds.items() if name in found and not kind.holds(found[name])]
    said = ([f"no {' and no '.join(lacking)} in it"] if lacking else []) + [
        f"`{name}` in it is not {kinds[name].words}" for name in wrong]
    if said:
        raise InputError(f"{path}: {', and '.join(said)}; {remedy}.")
    return found
