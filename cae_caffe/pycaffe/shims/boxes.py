"""What the stand-ins of py-faster-rcnn's layers share: their options, anchors, and distances between boxes."""

from __future__ import annotations

import ast
import importlib
from typing import Any

import numpy as np

from ...engine.layers.forks.proposal import anchors, moved
from ...errors import InputError
from ...printing import counted
from ..layer import Layer

__all__ = ["ConstantTops", "distances", "drawn", "moved", "number", "options", "placed_anchors", "sides"]

RATIOS = (0.5, 1, 2)
SCALES = (8, 16, 32)
BASE_SIZE = 16


class ConstantTops(Layer):
    """A layer whose tops, regions or targets, count as constants: its bottoms get no gradient."""

    def backward(self, top, propagate_down, bottom):
        for blob, wanted in zip(bottom, propagate_down):
            if wanted:
                blob.diff[...] = 0


def options(layer: Any) -> dict[str, Any]:
    """The mapping that the layer's param_str writes, in YAML. Raises InputError if it is none."""
    text = layer.param_str
    found = _plain(text)
    if found is None:
        try:
            yaml = importlib.import_module("yaml")
        except ImportError:
            raise InputError(f"The `param_str` {text!r} is YAML that needs PyYAML; run `pip install pyyaml`.") from None
        try:
            found = yaml.load(text, Loader=yaml.FullLoader)
        except yaml.YAMLError as error:
            raise InputError(f"The `param_str` {text!r} is no YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(found, dict):
        raise InputError(f"The `param_str` {text!r} says no options; write \"'name': value\".")
    return found


def _plain(text: str) -> Any:
    """What is written as nearly all nets write it, which needs no YAML: Python's own words. None for anything else."""
    lines = ", ".join(line.strip().rstrip(",") for line in text.replace("!!python/tuple", "").splitlines())
    try:
        return ast.literal_eval(lines if lines.startswith("{") else f"{{{lines}}}")
    except (SyntaxError, ValueError):
        return None


def number(found: dict[str, Any], name: str) -> int:
    """The whole number that an option must say. Raises InputError if it says none."""
    if not isinstance(found.get(name), int) or found[name] < 1:
        raise InputError(f"The `param_str` must say {name!r}, a whole number of at least 1; it says {found}.")
    return found[name]


def placed_anchors(found: dict[str, Any], rows: int, columns: int, channels: int, of_anchor: int) -> np.ndarray:
    """The anchors at all places of a map (rows, columns), by row, column and anchor: (M, 4), float64.

    Raises InputError unless the map has `of_anchor` channels for each anchor.
    """
    stride = number(found, "feat_stride")
    ratios, scales = sides(found)
    first = anchors(BASE_SIZE, ratios, scales, np.round).astype(np.float64)
    if channels != of_anchor * len(first):
        raise InputError(f"a bottom has {counted(channels, 'channel')}; with {len(first)} anchors, by the `ratios` and "
                         "`scales` of `param_str` or without them 0.5, 1, 2 and 8, 16, 32, it must have "
                         f"{of_anchor * len(first)}.")
    y, x = np.mgrid[:rows, :columns] * stride
    return (np.stack([x, y, x, y], axis=-1)[:, :, None] + first).reshape(-1, 4)


def sides(found: dict[str, Any]) -> list[np.ndarray]:
    """The `ratios` and `scales` of anchors. Raises InputError unless they are numbers above 0."""
    both = []
    for name, default in (("ratios", RATIOS), ("scales", SCALES)):
        try:
            both.append(np.asarray(found.get(name, default), np.float64).reshape(-1))
        except (TypeError, ValueError):
            both.append(np.zeros(1))
        if not len(both[-1]) or not (both[-1] > 0).all():
            raise InputError(f"Of {name!r} the `param_str` must say numbers above 0; it says {found[name]!r}.")
    return both


def distances(boxes: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How boxes are to be moved and stretched to lie on the targets, (M, 4) each: dx, dy, dw, dh.

    The way of the centre by the box's size, and the logarithm of the ratio of the sizes (Girshick et al. 2014, C).
    """
    size, wanted = (each[:, 2:] - each[:, :2] + 1.0 for each in (boxes, targets))
    way = targets[:, :2] + 0.5 * wanted - (boxes[:, :2] + 0.5 * size)
    return np.concatenate([way / size, np.log(wanted / size)], axis=1)


def drawn(candidates: np.ndarray, most: int) -> np.ndarray:
    """`most` of the candidates, by NumPy's random numbers, in their order; all if there are no more."""
    if len(candidates) <= most:
        return candidates
    dropped = np.random.choice(candidates, size=len(candidates) - most, replace=False)
    return candidates[~np.isin(candidates, dropped)]
