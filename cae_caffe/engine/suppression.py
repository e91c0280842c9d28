"""Non-maximum suppression: of boxes that overlap much, the one with the highest score."""

from __future__ import annotations

from typing import Callable

import numpy as np

# The overlap of one box (4,) with others (N, 4), each x1, y1, x2, y2: (N,), from 0 to 1.
Overlap = Callable[[np.ndarray, np.ndarray], np.ndarray]


def pixel_overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes whose corners are pixels, both inside, so that lengths are x2 - x1 + 1."""
    first, last = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.maximum(last - first + 1, 0).prod(1)
    return shared / (_area(box[None]) + _area(boxes) - shared)


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2] + 1).prod(1)


def suppress(boxes: np.ndarray, is_too_much: Callable[[np.ndarray], np.ndarray], most: int | None = None,
             overlap: Overlap = pixel_overlap) -> np.ndarray:
    """The numbers of the boxes (N, 4), sorted by falling score, that are kept, `most` at most.

    From the first on each is kept whose overlap with no box kept before it `is_too_much`.
    """
    kept: list[int] = []
    left = np.arange(len(boxes))
    while len(left) and (most is None or len(kept) < most):
        kept.append(int(left[0]))
        box, left = boxes[left[0]], left[1:]
        left = left[~is_too_much(overlap(box, boxes[left]))]
    return np.array(kept, np.int64)
