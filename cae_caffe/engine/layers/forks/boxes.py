"""SSD's arithmetic of boxes (src/caffe/util/bbox_util.cpp of weiliu89/caffe, branch ssd), many at a time.

Boxes are float32 arrays (..., 4) of xmin, ymin, xmax, ymax: parts of the image, or, where a function is told so,
pixels, of which the last belong to the box. Priors, their variances and codes are such arrays, too. All of it is done
on the host, in NumPy, as in the fork.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....errors import InputError

NO_MATCH = -1
LEFT_OUT = -2               # a box that no ground truth is to be matched to
LEAST_OVERLAP = 1e-6        # less counts as none
LEAST_AREA = 1e-5           # less is no box to suppress others, nor one to keep
BLOCK = 64                  # boxes whose overlaps with all behind them are taken at once

# Predictions of a net that is not trained yet are boxes without an end, whose areas are no numbers.
_quietly = np.errstate(over="ignore", invalid="ignore", divide="ignore")


@_quietly
def areas(boxes: np.ndarray, pixels: bool = False) -> np.ndarray:
    """The area of each box; 0 for one that is inside out."""
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    more = np.float32(pixels)
    return np.where((width < 0) | (height < 0), np.float32(0), (width + more) * (height + more))


@_quietly
def overlaps(first: np.ndarray, second: np.ndarray, pixels: bool = False) -> np.ndarray:
    """Of boxes (A, 4) and (B, 4) the part (A, B) that each intersection has of its union; 0 without an intersection.

    In pixels the fork takes boxes that do not touch for such that share one pixel; here they share none.
    """
    width, height = (np.minimum(first[:, None, high], second[None, :, high])
                     - np.maximum(first[:, None, low], second[None, :, low]) for low, high in ((0, 2), (1, 3)))
    more = np.float32(pixels)
    shares = (width >= 0) & (height >= 0) if pixels else (width > 0) & (height > 0)
    inner = (width + more) * (height + more)
    part = inner / (areas(first, pixels)[:, None] + areas(second, pixels)[None] - inner)
    return np.where(shares, part, np.float32(0))


def cross_boundary(boxes: np.ndarray) -> np.ndarray:
    """Whether each box lies in part outside the image."""
    return np.any((boxes < 0) | (boxes > 1), -1)


@dataclass(frozen=True)
class Code:
    """How boxes are told by their priors: CORNER by what corners differ, CORNER_SIZE by that in parts of the prior's
    size, CENTER_SIZE by what centres differ in such parts, and by the logarithm of the sizes' ratio.

    Codes are divided by the prior's variances unless these are `in_target`, for the loss then divides by them.
    """

    kind: str
    in_target: bool

    def encode(self, priors: np.ndarray, variances: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """What a prediction must be for `decode` to give `boxes`. Raises InputError where there is no such code."""
        if self.kind == "CORNER":
            code = boxes - priors
        else:
            code = self._by_size(priors, boxes)
        if self.in_target:
            return code
        _require(bool((variances > 0).all()), "a prior box has a variance of 0 or less, by which codes are divided")
        return code / variances

    def _by_size(self, priors: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        extent = _extent(priors)
        if self.kind == "CORNER_SIZE":
            return (boxes - priors) / np.concatenate([extent, extent], -1)
        offset = (_centers(boxes) - _centers(priors)) / extent
        return np.concatenate([offset, np.log(_extent(boxes) / extent)], -1)

    @_quietly
    def decode(self, priors: np.ndarray, variances: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """The boxes that `codes` mean at the priors. Raises InputError for priors that have no size to tell it by."""
        if not self.in_target:
            codes = codes * variances
        if self.kind == "CORNER":
            return priors + codes
        extent = _extent(priors)
        if self.kind == "CORNER_SIZE":
            return priors + codes * np.concatenate([extent, extent], -1)
        centers = codes[..., :2] * extent + _centers(priors)
        half = np.exp(codes[..., 2:]) * extent / 2
        return np.concatenate([centers - half, centers + half], -1)


def _centers(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def _extent(boxes: np.ndarray) -> np.ndarray:
    extent = boxes[..., 2:] - boxes[..., :2]
    _require(bool((extent > 0).all()), "a prior box, or a ground truth matched to one, has no width or no height, and "
                                       "the `code_type` tells boxes by these")
    return extent


def _require(sound: bool, complaint: str) -> None:
    if not sound:
        raise InputError(f"{complaint}; correct the layers or data that the boxes come from.")


@dataclass(frozen=True)
class Matching:
    """How boxes get their ground truths: the best pair of a free box and a free truth first, and so on until no two
    overlap; then, with `per_prediction`, each free box the truth that it overlaps most, if by `threshold` at least.
    """

    per_prediction: bool
    threshold: float
    ignore_cross_boundary: bool

    def match(self, truths: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each box the number of its truth, NO_MATCH or LEFT_OUT, and the greatest overlap with one, or the one
        with the truth that it got.
        """
        found = np.full(len(boxes), NO_MATCH)
        if not len(truths):
            return found, np.zeros(len(boxes), np.float32)
        if self.ignore_cross_boundary:
            found[cross_boundary(boxes)] = LEFT_OUT
        shared = overlaps(truths, boxes)
        shared[:, found == LEFT_OUT] = 0
        shared[~(shared > LEAST_OVERLAP)] = 0
        best = shared.max(0)
        self._pair(shared.copy(), found, best)
        if self.per_prediction:
            near = (found == NO_MATCH) & (best > 0) & (best >= np.float32(self.threshold))
            found[near] = shared[:, near].argmax(0)
        return found, best

    @staticmethod
    def _pair(free: np.ndarray, found: np.ndarray, best: np.ndarray) -> None:
        """Match the best pairs; of equal overlaps, (truths, boxes), that of the first box, then of the first truth."""
        for _ in range(min(free.shape)):
            box = free.max(0).argmax()
            truth = free[:, box].argmax()
            if free[truth, box] <= 0:
                return
            found[box], best[box] = truth, free[truth, box]
            free[truth] = free[:, box] = 0


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float, top_k: int = -1) -> np.ndarray:
    """Numbers of the best of the `top_k` (-1: all) best boxes, none of which overlaps a better one by more than the
    threshold, and none smaller than LEAST_AREA (ApplyNMS).
    """
    order = _best(scores, np.arange(len(scores)), top_k)
    return _suppress(boxes, order[areas(boxes[order]) >= LEAST_AREA], threshold, 1)


def suppress_fast(boxes: np.ndarray, scores: np.ndarray, least_score: float, threshold: float, eta: float = 1,
                  top_k: int = -1) -> np.ndarray:
    """As `suppress`, of the boxes whose score is above `least_score`, however small they are (ApplyNMSFast).

    With an `eta` below 1 the threshold, as long as it is above 0.5, shrinks by it after each box that is kept.
    """
    order = _best(scores, np.flatnonzero(scores > np.float32(least_score)), top_k)
    return _suppress(boxes, order, threshold, eta)


def _best(scores: np.ndarray, numbers: np.ndarray, top_k: int) -> np.ndarray:
    """Numbers of boxes, the best first; of equal ones the one that stands first."""
    order = numbers[np.argsort(-scores[numbers], kind="stable")]
    return order if top_k < 0 else order[:top_k]


def _suppress(boxes: np.ndarray, order: np.ndarray, threshold: float, eta: float) -> np.ndarray:
    kept = []
    limit = np.float32(threshold)
    ordered = boxes[order]
    worst = np.zeros(len(order), np.float32)      # the greatest overlap of each box with one that is kept
    for first in range(0, len(order), BLOCK):
        shared = overlaps(ordered[first:first + BLOCK], ordered[first:])
        for row in range(len(shared)):
            if worst[first + row] <= limit:
                kept.append(order[first + row])
                np.maximum(worst[first:], shared[row], out=worst[first:])
                if eta < 1 and limit > 0.5:
                    limit *= np.float32(eta)
    return np.array(kept, int)


def clip(boxes: np.ndarray, height: float = 1, width: float = 1) -> np.ndarray:
    """The boxes cut to an image of this size."""
    return boxes.clip(0, np.array([width, height, width, height], np.float32))


@_quietly
def in_pixels(boxes: np.ndarray, height: int, width: int, resize=None) -> np.ndarray:
    """The boxes in the pixels of an image of this size, after undoing `resize`, a ResizeParameter's view or None, that
    was done to the image before the net saw it (OutputBBox).
    """
    mode = resize.resize_mode if resize else "WARP"
    if mode == "FIT_SMALL_SIZE" and resize.height_scale and resize.width_scale:
        return clip(_scaled(boxes, resize.height_scale, resize.width_scale), height, width)
    if mode == "FIT_LARGE_SIZE_AND_PAD":
        boxes = _without_padding(boxes, width / height, resize)
    return _scaled(clip(boxes), height, width)


def _scaled(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    return boxes * np.array([width, height, width, height], np.float32)


def _without_padding(boxes: np.ndarray, aspect: float, resize) -> np.ndarray:
    """Boxes as parts of an image of this aspect, which stands, as large as it can, in the middle of the one resized;
    those that lie in its padding stay as they are.
    """
    part = np.array([min(1, aspect * resize.height / resize.width), min(1, resize.width / aspect / resize.height)],
                    np.float32)
    low, high = (1 - part) / 2, (1 + part) / 2
    inside = ((boxes[..., :2] < high) & (boxes[..., 2:] > low)).all(-1, keepdims=True)
    return np.where(inside, (boxes - np.concatenate([low, low])) / np.concatenate([part, part]), boxes)
