"""What NumPy took in 2015 and takes no more, in scripts of Python 2 that are translated.

Names such as `np.float` for Python's own types, whole numbers of type float as bounds of slices, and the same as sizes
of random draws: `labels[np.round(0.25 * n):]`, `npr.choice(rows, size=np.round(0.25 * n))`.
"""

from __future__ import annotations

import ast
import builtins
import types
from typing import Any

import numpy as np

TYPES = "__numpy_of_2015__"
WHOLE = "__numpy_of_2015_whole__"
# What numpy called Python's own types by, until version 1.24.
_NAMES: dict[str, Any] = {"bool": bool, "int": int, "long": int, "float": float, "complex": complex, "object": object,
                          "str": str, "unicode": str}
_DRAWS = {"choice", "normal", "randint", "random_integers", "random_sample", "uniform"}


def install() -> None:
    """Put what translated code calls among Python's own functions."""
    vars(builtins).update({TYPES: types.SimpleNamespace(**_NAMES), WHOLE: whole})


def whole(value: Any) -> Any:
    """A float, or each of a tuple, as int if it is whole; anything else as it is."""
    if isinstance(value, tuple):
        return tuple(whole(each) for each in value)
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return int(value)
    return value


class Names(ast.NodeTransformer):
    """Makes code of 2015 do with today's NumPy what it did; `tree` is the module that it is to visit."""

    def __init__(self, tree: ast.AST):
        self._numpy = {alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                       for alias in node.names if alias.name == "numpy"}

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr in _NAMES and isinstance(node.value, ast.Name) and node.value.id in self._numpy:
            node.value = ast.copy_location(ast.Name(TYPES, ast.Load()), node.value)
        return node

    def visit_Slice(self, node: ast.Slice) -> ast.AST:
        self.generic_visit(node)
        for part in ("lower", "upper", "step"):
            bound = getattr(node, part)
            if bound is not None and not (isinstance(bound, ast.Constant) and isinstance(bound.value, int)):
                setattr(node, part, _as_whole(bound))
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _DRAWS:
            for keyword in node.keywords:
                if keyword.arg == "size":
                    keyword.value = _as_whole(keyword.value)
        return node


def _as_whole(value: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.copy_location(ast.Name(WHOLE, ast.Load()), value), [value], []), value)
