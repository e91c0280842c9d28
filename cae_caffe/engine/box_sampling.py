"""batch_sampler: windows drawn in an image, by how they lie to the boxes in it (SSD's src/caffe/util/sampler.cpp)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from .. import schema
from ..errors import InputError
from .boxes import WHOLE, Box
from .rng import Stream

_RULES = ("jaccard_overlap", "sample_coverage", "object_coverage")
_AT_ONCE = 128          # trials that are made together
_WHOLE = 0.2            # how probable an image without jitter is


class BatchSampler:
    """What a BatchSampler message asks for: up to `max_sample` windows in `max_trials` trials.

    A window has a scale and an aspect ratio drawn between the sampler's bounds, and lies anywhere. It counts if, for
    one box at least, its overlap with it, its part that the box covers, and the box's part that it covers, lie within
    the bounds of `sample_constraint`. Without `use_original_image` there is none. Raises InputError for bounds that
    cannot be.
    """

    def __init__(self, param: schema.View):
        self._param = param
        bounds = param.sampler
        if not (0 < bounds.min_scale <= bounds.max_scale <= 1
                and 0 < bounds.min_aspect_ratio <= bounds.max_aspect_ratio < math.inf):
            raise InputError(f"its sampler has scales from {bounds.min_scale:g} to {bounds.max_scale:g} and aspect "
                             f"ratios from {bounds.min_aspect_ratio:g} to {bounds.max_aspect_ratio:g}; give scales "
                             "above 0 and up to 1, and ratios above 0, the lower ones first.")
        self._bounds = [(i, *_bounds(param.sample_constraint, name)) for i, name in enumerate(_RULES)
                        if param.sample_constraint.has(f"min_{name}") or param.sample_constraint.has(f"max_{name}")]

    def windows(self, boxes: Sequence[Box], stream: Stream) -> Iterator[Box]:
        """The windows for an image with these boxes, drawn from `stream`."""
        param = self._param
        left = param.max_trials if param.use_original_image else 0
        most = param.max_sample if param.has("max_sample") else left
        while left and most:
            windows = self._draw(stream, min(left, _AT_ONCE))
            left -= len(windows)
            found = windows[self.count(windows, np.array([box[:4] for box in boxes]).reshape(-1, 4))][:most]
            most -= len(found)
            for xmin, ymin, xmax, ymax in found.tolist():
                yield Box(xmin, ymin, xmax, ymax)

    def _draw(self, stream: Stream, number: int) -> np.ndarray:
        """So many windows, (number, 4)."""
        bounds = self._param.sampler
        drawn = stream.uniform(4 * number, 0, 1).reshape(number, 4).astype(np.float64)
        scale = bounds.min_scale + drawn[:, 0] * (bounds.max_scale - bounds.min_scale)
        aspect = bounds.min_aspect_ratio + drawn[:, 1] * (bounds.max_aspect_ratio - bounds.min_aspect_ratio)
        root = np.sqrt(np.clip(aspect, scale ** 2, 1 / scale ** 2))
        sides = np.stack([scale * root, scale / root], axis=1)
        corner = drawn[:, 2:] * np.maximum(1 - sides, 0)
        return np.concatenate([corner, corner + sides], axis=1)

    def count(self, windows: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Which of the windows (n, 4) hold to the constraint for one of the boxes (m, 4) at least: (n,)."""
        if not self._bounds:
            return np.ones(len(windows), bool)
        common = _sizes(np.concatenate([np.maximum(windows[:, np.newaxis, :2], boxes[:, :2]),
                                        np.minimum(windows[:, np.newaxis, 2:], boxes[:, 2:])], axis=2))
        own, theirs = _sizes(windows)[:, np.newaxis], _sizes(boxes)
        wholes = (own + theirs - common, own, theirs)
        holds = np.ones(common.shape, bool)
        for i, least, most in self._bounds:
            measure = np.divide(common, wholes[i], out=np.zeros_like(common), where=common > 0)
            holds &= (measure >= least) & (measure <= most)
        return np.asarray(holds.any(1))


def _bounds(constraint: schema.View, name: str) -> tuple[float, float]:
    """What a measure must be at least, and at most."""
    least, most = f"min_{name}", f"max_{name}"
    return (getattr(constraint, least) if constraint.has(least) else -math.inf,
            getattr(constraint, most) if constraint.has(most) else math.inf)


def _sizes(boxes: np.ndarray) -> np.ndarray:
    """The sizes of boxes (..., 4), 0 of those whose corners are in the wrong order."""
    return np.maximum(boxes[..., 2] - boxes[..., 0], 0) * np.maximum(boxes[..., 3] - boxes[..., 1], 0)


class Jitter:
    """Windows that lack up to `part` of each side: one for each image, the whole in a fifth of the cases, and in
    another fifth half as much (MobileNet-YOLO's Caffe, src/caffe/util/sampler.cpp). Raises InputError for another part
    than 0 to 1.
    """

    def __init__(self, part: float):
        if not 0 <= part < 1:
            raise InputError(f"its `yolo_data_jitter` is {part:g}; give a part of the sides, from 0 to below 1.")
        self._part = part

    def window(self, stream: Stream, keeps_shape: bool) -> Box:
        """A window drawn from `stream`; with `keeps_shape` as much is lacking of the height as of the width."""
        def uniform(low: float, high: float) -> float:
            return stream.one_uniform(low, max(low, high))

        change = uniform(0, 1)
        if change <= _WHOLE:
            return WHOLE
        least = 1 - (self._part / 2 if change <= 2 * _WHOLE else self._part)
        width = uniform(least, 1)
        height = width if keeps_shape else uniform(least, 1)
        left, top = uniform(0, 1 - width), uniform(0, 1 - height)
        return Box(left, top, left + width, top + height)
