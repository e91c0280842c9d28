"""Images with the boxes of the objects in them, as SSD keeps and changes them (its src/caffe/data_transformer.cpp)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from google.protobuf.message import DecodeError

from .. import schema
from ..errors import InputError
from .boxes import WHOLE, Box, is_emitted
from .resize_policy import MOST_PIXELS
from .rng import Stream

_NO_EXPANSION = 1e-2        # a ratio nearer to 1 changes nothing


class Object(NamedTuple):
    """An object's class, its number among those of its class, and where it is."""

    label: int
    instance: int
    box: Box


class AnnotatedImage(NamedTuple):
    """An image, (H, W, channels), and what is in it."""

    image: np.ndarray
    objects: list[Object]


def parse(record: bytes, what: str):
    """The AnnotatedDatum of a database's record. Raises InputError, whose message begins with `what`, if it is none."""
    try:
        message = schema.AnnotatedDatum.FromString(record)
    except DecodeError:
        message = schema.AnnotatedDatum()
    if not message.HasField("datum"):
        raise InputError(f"{what} is no AnnotatedDatum with an image, the message that SSD's databases hold; write it "
                         "anew.")
    return message


def objects(message) -> list[Object]:
    """All objects of an AnnotatedDatum, in its order."""
    return [Object(group.group_label, annotation.instance_id, _box(annotation.bbox))
            for group in message.annotation_group for annotation in group.annotation]


def _box(bbox) -> Box:
    return Box(bbox.xmin, bbox.ymin, bbox.xmax, bbox.ymax, bbox.difficult)


def seen(found: Iterable[Object], window: Box, constraint: schema.View | None) -> list[Object]:
    """The objects of which something is in `window`, if an EmitConstraint lets them pass, by fractions of `window`."""
    boxes = [(one, one.box.seen_in(window)) for one in found
             if constraint is None or is_emitted(one.box, window, constraint)]
    return [one._replace(box=box) for one, box in boxes if box is not None]


class Framing:
    """The changes of an image's frame before it is resized: a random one, larger, or a window of it.

    `param` is a TransformationParameter. Raises InputError if its expand_param cannot be.
    """

    def __init__(self, param: schema.View, mean_values: np.ndarray):
        self._mean_values = mean_values
        self._constraint = param.emit_constraint if param.has("emit_constraint") else None
        self._expansion = param.expand_param if param.has("expand_param") else None
        if self._expansion is not None and not 1 < self._expansion.max_expand_ratio < np.inf:
            raise InputError(f"its expand_param has a `max_expand_ratio` of {self._expansion.max_expand_ratio:g}; give "
                             "a number above 1.")
        if self._expansion is not None and param.has("mean_file"):
            raise InputError("its transform_param has an `expand_param` and a `mean_file`, which has one size while "
                             "expanded images have all sizes; give `mean_value` instead.")

    def expanded(self, annotated: AnnotatedImage, stream: Stream, what: str) -> AnnotatedImage:
        """With its `prob`, the image at random in a larger one of the mean values (0 without any)."""
        expansion = self._expansion
        if expansion is None or stream.one_uniform() > expansion.prob \
                or expansion.max_expand_ratio - 1 < _NO_EXPANSION:
            return annotated
        ratio = np.float32(stream.one_uniform(1, expansion.max_expand_ratio))
        image = annotated.image
        rows, columns, channels = image.shape
        height, width = (int(np.float32(length) * ratio) for length in (rows, columns))
        if height * width > MOST_PIXELS:
            raise InputError(f"{what} is {rows} pixels high and {columns} wide, too large to be expanded by {ratio:g}; "
                             "give a smaller `max_expand_ratio`.")
        top, left = (int(stream.one_uniform(0, spare)) for spare in (height - rows, width - columns))
        larger = np.zeros((height, width, channels), np.uint8)
        if self._mean_values.size in (1, channels):     # another number is refused with the image's transformation
            means = np.clip(np.rint(self._mean_values), 0, 255).astype(np.uint8)
            larger.reshape(height, -1)[:] = np.tile(means, width * channels // means.size)
        larger[top:top + rows, left:left + columns] = image
        window = Box(-left / columns, -top / rows, (width - left) / columns, (height - top) / rows)
        return AnnotatedImage(larger, seen(annotated.objects, window, self._constraint))

    def cropped(self, annotated: AnnotatedImage, window: Box) -> AnnotatedImage:
        """The part of the image in `window`, at least one pixel."""
        window = window.clipped()
        rows, columns = annotated.image.shape[:2]
        top, height = _span(window.ymin, window.ymax, rows)
        left, width = _span(window.xmin, window.xmax, columns)
        return AnnotatedImage(annotated.image[top:top + height, left:left + width],
                              seen(annotated.objects, window, self._constraint))

    def finished(self, found: Iterable[Object], window: Box = WHOLE) -> list[Object]:
        """The objects in `window`, what is left of the image in the end."""
        return seen(found, window, self._constraint)


def _span(begin: float, end: float, length: int) -> tuple[int, int]:
    """The first pixel and the number of them between two fractions of a length, in single precision."""
    first, last = np.float32(begin) * np.float32(length), np.float32(end) * np.float32(length)
    return min(int(first), length - 1), max(int(last - first), 1)
