"""Values as Python source, as short as a reader would write them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def number(value: float) -> str:
    """A number of Caffe's, which are float32: the shortest text that gives it, 0.1 and not 0.10000000149011612."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return f'float("{value}")'
    text = str(np.float32(value))
    return text.removesuffix(".0")


class Expression(str):
    """Source that is an argument as it stands."""


def literal(value: Any) -> str:
    """A number, a string, a truth value, None, a tuple of such, or an Expression."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, tuple):
        inside = ", ".join(map(literal, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    return repr(value)


def arguments(positional: tuple, named: dict[str, Any]) -> str:
    """Arguments of a call, without the brackets."""
    return ", ".join([*map(literal, positional), *(f"{name}={literal(value)}" for name, value in named.items())])


def times(value: str, factor: float) -> str:
    """The expression `value` times a number."""
    return value if factor == 1 else f"-{value}" if factor == -1 else f"{number(factor)} * {value}"


def plus(value: str, term: float) -> str:
    """The expression `value` and a number."""
    return value if term == 0 else f"{value} - {number(-term)}" if term < 0 else f"{value} + {number(term)}"
