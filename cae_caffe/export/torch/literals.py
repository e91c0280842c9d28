"""Values as Python source, as short as a reader would write them."""

from __future__ import annotations

import json
import math
from numbers import Integral, Real
from typing import Any

import numpy as np

LEAST, MOST = 1e-5, 1e7       # of numbers that are written without an exponent


def number(value: float) -> str:
    """A number of Caffe's, which are float32: the shortest text that gives it, 0.1 and not 0.10000000149011612."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return "torch.nan" if math.isnan(value) else "torch.inf" if value > 0 else "-torch.inf"
    short = np.float32(value)
    if value == 0 or LEAST <= abs(value) < MOST:
        return np.format_float_positional(short, trim="-")
    return np.format_float_scientific(short, trim="-", exp_digits=1)


class Expression(str):
    """Source that is an argument as it stands."""


def literal(value: Any) -> str:
    """A number, a string, a truth value, None, a tuple of such, or an Expression."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, tuple):
        inside = ", ".join(map(literal, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, Real) and not isinstance(value, bool):
        return number(int(value) if isinstance(value, Integral) else float(value))
    return json.dumps(value) if isinstance(value, str) else repr(value)


def arguments(positional: tuple, named: dict[str, Any]) -> str:
    """Arguments of a call, without the brackets."""
    return ", ".join([*map(literal, positional), *(f"{name}={literal(value)}" for name, value in named.items())])


def times(value: str, factor: float) -> str:
    """The expression `value` times a number."""
    return value if factor == 1 else f"-{value}" if factor == -1 else f"{number(factor)} * {value}"


def plus(value: str, term: float) -> str:
    """The expression `value` and a number."""
    return value if term == 0 else f"{value} - {number(-term)}" if term < 0 else f"{value} + {number(term)}"
