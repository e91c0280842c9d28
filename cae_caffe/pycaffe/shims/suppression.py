"""nms.cpu_nms, nms.gpu_nms and utils.cython_nms of py-faster-rcnn and Fast R-CNN (lib/nms, lib/utils), in NumPy."""

from __future__ import annotations

import numpy as np

from ...engine.suppression import suppress


def cpu_nms(dets: np.ndarray, thresh: float) -> list[int]:
    """The numbers of the rows x1, y1, x2, y2, score (N, 5) that are kept, best first.

    One is dropped that overlaps a better one that is kept by `thresh` or more.
    """
    return _kept(dets, lambda overlap: overlap >= np.float32(thresh))


nms = cpu_nms       # by its name in utils.cython_nms


def gpu_nms(dets: np.ndarray, thresh: float, device_id: int = 0) -> list[int]:
    """As `cpu_nms`, but an overlap of just `thresh` is none too much. It computes on the CPU, whatever `device_id`."""
    return _kept(dets, lambda overlap: overlap > np.float32(thresh))


def _kept(dets: np.ndarray, is_too_much) -> list[int]:
    rows = np.asarray(dets, np.float32)
    order = rows[:, 4].argsort()[::-1]
    return [int(row) for row in order[suppress(rows[order, :4], is_too_much)]]
