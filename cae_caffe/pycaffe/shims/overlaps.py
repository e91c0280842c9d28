"""utils.cython_bbox of py-faster-rcnn (lib/utils/bbox.pyx), in NumPy."""

from __future__ import annotations

import numpy as np


def bbox_overlaps(boxes: np.ndarray, query_boxes: np.ndarray) -> np.ndarray:
    """Intersection over union (N, K), float64, of boxes (N, 4 or more) and others (K, 4 or more).

    Each starts with x1, y1, x2, y2, pixels that belong to it.
    """
    mine = np.asarray(boxes, np.float64)[:, None, :4]
    others = np.asarray(query_boxes, np.float64)[None, :, :4]
    shared = _area(np.maximum(mine[..., :2], others[..., :2]), np.minimum(mine[..., 2:], others[..., 2:]))
    union = _area(mine[..., :2], mine[..., 2:]) + _area(others[..., :2], others[..., 2:]) - shared
    return np.divide(shared, union, out=np.zeros(shared.shape), where=shared > 0)


def _area(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    return np.maximum(last - first + 1, 0).prod(-1)
