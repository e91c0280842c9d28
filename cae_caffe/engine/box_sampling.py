"""batch_sampler: windows drawn in an image, by how they lie to the boxes in it (SSD's src/caffe/util/sampler.cpp)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from .. import schema
from ..errors import InputError
from .boxes import WHOLE, Box
from .rng import Stream

_RULES = (("jaccard_overlap", lambda window, box: window.overlap(box)),
          ("sample_coverage", lambda window, box: window.coverage(box)),
          ("object_coverage", lambda window, box: box.coverage(window)))

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

    def windows(self, boxes: Sequence[Box], stream: Stream) -> Iterator[Box]:
        """The windows for an image with these boxes, drawn from `stream`."""
        param = self._param
        found = 0
        for _ in range(param.max_trials if param.use_original_image else 0):
            if param.has("max_sample") and found >= param.max_sample:
                break
            window = self._draw(stream)
            if self._counts(window, boxes):
                found += 1
                yield window

    def _draw(self, stream: Stream) -> Box:
        def uniform(low: float, high: float) -> float:
            return float(stream.uniform(1, low, max(low, high))[0])

        bounds = self._param.sampler
        scale = uniform(bounds.min_scale, bounds.max_scale)
        aspect = uniform(bounds.min_aspect_ratio, bounds.max_aspect_ratio)
        root = math.sqrt(min(max(aspect, scale ** 2), 1 / scale ** 2))
        width, height = scale * root, scale / root
        left, top = uniform(0, 1 - width), uniform(0, 1 - height)
        return Box(left, top, left + width, top + height)

    def _counts(self, window: Box, boxes: Sequence[Box]) -> bool:
        constraint = self._param.sample_constraint
        rules = [(name, measure) for name, measure in _RULES
                 if constraint.has(f"min_{name}") or constraint.has(f"max_{name}")]
        return not rules or any(all(_within(constraint, name, measure(window, box)) for name, measure in rules)
                                for box in boxes)


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
            return float(stream.uniform(1, low, max(low, high))[0])

        change = uniform(0, 1)
        if change <= _WHOLE:
            return WHOLE
        least = 1 - (self._part / 2 if change <= 2 * _WHOLE else self._part)
        width = uniform(least, 1)
        height = width if keeps_shape else uniform(least, 1)
        left, top = uniform(0, 1 - width), uniform(0, 1 - height)
        return Box(left, top, left + width, top + height)


def _within(constraint: schema.View, name: str, value: float) -> bool:
    lowest, highest = f"min_{name}", f"max_{name}"
    return not ((constraint.has(lowest) and value < getattr(constraint, lowest))
                or (constraint.has(highest) and value > getattr(constraint, highest)))
