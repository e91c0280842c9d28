"""Boxes around objects in an image, as fractions of its width and height (SSD's src/caffe/util/bbox_util.cpp)."""

from __future__ import annotations

from typing import NamedTuple

from .. import schema


class Box(NamedTuple):
    """Two corners; `difficult` marks an object that is hard to see."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float
    difficult: bool = False

    @property
    def size(self) -> float:
        """Its part of the image; 0 if the corners are in the wrong order."""
        width, height = self.xmax - self.xmin, self.ymax - self.ymin
        return 0.0 if width < 0 or height < 0 else width * height

    def clipped(self) -> Box:
        """The part of it in the image."""
        left, top, right, bottom = (max(min(side, 1.0), 0.0) for side in self[:4])
        return Box(left, top, right, bottom, self.difficult)

    def intersection(self, other: Box) -> Box:
        """What both have; of no size if they lie apart."""
        common = Box(max(self.xmin, other.xmin), max(self.ymin, other.ymin), min(self.xmax, other.xmax),
                     min(self.ymax, other.ymax))
        return Box(0, 0, 0, 0) if common.xmin > common.xmax or common.ymin > common.ymax else common

    def coverage(self, other: Box) -> float:
        """The part of it that `other` covers."""
        common = self.intersection(other).size
        return common / self.size if common > 0 else 0.0

    def seen_in(self, window: Box) -> Box | None:
        """It as fractions of `window`, cut off at its edges; None if nothing of it is there."""
        if (self.xmin >= window.xmax or self.xmax <= window.xmin or self.ymin >= window.ymax
                or self.ymax <= window.ymin):
            return None
        width, height = window.xmax - window.xmin, window.ymax - window.ymin
        seen = Box((self.xmin - window.xmin) / width, (self.ymin - window.ymin) / height,
                   (self.xmax - window.xmin) / width, (self.ymax - window.ymin) / height, self.difficult).clipped()
        return seen if seen.size > 0 else None

    def mirrored(self) -> Box:
        """It in the image mirrored from left to right."""
        return self._replace(xmin=1 - self.xmax, xmax=1 - self.xmin)


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


def is_emitted(box: Box, window: Box, constraint: schema.View) -> bool:
    """Whether an EmitConstraint lets a box pass whose image is cut to `window`: by its centre, or its part there."""
    if constraint.emit_type == "MIN_OVERLAP":
        return box.coverage(window) > constraint.emit_overlap
    x, y = (box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2
    return window.xmin <= x <= window.xmax and window.ymin <= y <= window.ymax
