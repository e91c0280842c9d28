"""resize_param: images of all sizes as ones of the same size, and boxes with them (SSD's
src/caffe/util/im_transforms.cpp and bbox_util.cpp).

Images are uint8 (H, W, channels). Boxes are fractions of the image's width and height.
"""

from __future__ import annotations

import numpy as np

from .. import schema
from ..errors import InputError
from ..printing import counted
from .boxes import Box
from .interpolation import resize_by
from .rng import Stream

MOST_PIXELS = 1 << 28       # of an image after it: more comes of a damaged number or a strip of an image


class ResizePolicy:
    """What a ResizeParameter asks for. Raises InputError, which names the option, for one that does not fit.

    `resize_mode` is WARP (to `height` and `width`, whatever the shape), FIT_SMALL_SIZE (the shape is kept, and neither
    side is smaller) or FIT_LARGE_SIZE_AND_PAD (the shape is kept, neither side is larger, and the rest on both sides is
    filled as `pad_mode` says). One of the `interp_mode`s is drawn for each image.
    """

    def __init__(self, param: schema.View):
        self._param = param
        self._height, self._width = param.height, param.width
        if min(self._height, self._width) < 1 or self._height * self._width > MOST_PIXELS:
            raise InputError(f"its resize_param has a `height` of {self._height} and a `width` of {self._width}; give "
                             f"both, at least 1, and {MOST_PIXELS} pixels at most.")
        self._modes: tuple[str, ...] = param.interp_mode

    @property
    def draws(self) -> bool:
        """Whether it takes random numbers."""
        return len(self._modes) > 1

    @property
    def keeps_shape(self) -> bool:
        """Whether the image keeps its shape, and the rest is filled."""
        return self._param.resize_mode == "FIT_LARGE_SIZE_AND_PAD"

    @property
    def keeps_size(self) -> bool:
        """Whether all images come out in one size."""
        return self._param.resize_mode != "FIT_SMALL_SIZE"

    def size(self, height: int, width: int, what: str) -> tuple[int, int]:
        """The size that an image of this one gets. Raises InputError, beginning with `what`, for far too large ones."""
        if self.keeps_size:
            return self._height, self._width
        aspect = np.float32(width) / np.float32(height)
        new = (int(np.float32(self._width) / aspect), self._width) if aspect < self._aspect else \
            (self._height, int(aspect * np.float32(self._height)))
        if new[0] * new[1] > MOST_PIXELS:
            raise InputError(f"{what} is {height} pixels high and {width} wide, of which FIT_SMALL_SIZE makes {new[0]} "
                             f"times {new[1]} pixels, more than {MOST_PIXELS}; leave such images out.")
        return new

    @property
    def _aspect(self) -> np.float32:
        return np.float32(self._width) / np.float32(self._height)

    def apply(self, image: np.ndarray, stream: Stream | None, what: str) -> np.ndarray:
        """The image in its new size. Raises InputError, beginning with `what`, if `pad_value` fits not its channels."""
        mode = self._modes[0] if self._modes else "LINEAR"
        if self.draws and stream is not None:
            mode = self._modes[stream.word() % len(self._modes)]
        rows, columns = image.shape[:2]
        if not self.keeps_shape:
            height, width = self.size(rows, columns, what)
            return resize_by(image, height, width, mode)
        height, width = self._inner(rows, columns)
        return self._padded(resize_by(image, height, width, mode), what)

    def _inner(self, height: int, width: int) -> tuple[int, int]:
        """The size of the part of the new image that shows the old one of this size."""
        aspect = np.float32(width) / np.float32(height)
        if aspect > self._aspect:
            return max(int(np.float32(self._width) / aspect), 1), self._width
        return self._height, max(int(aspect * np.float32(self._height)), 1)

    def _padded(self, image: np.ndarray, what: str) -> np.ndarray:
        rows, columns, channels = image.shape
        above, left = (self._height - rows) // 2, (self._width - columns) // 2
        around = ((above, self._height - rows - above), (left, self._width - columns - left), (0, 0))
        if self._param.pad_mode != "CONSTANT":
            if self._param.pad_mode == "MIRRORED":
                return np.pad(image, around, "reflect")
            return np.pad(image, around, "edge")
        values = np.array(self._param.pad_value or [0], np.float32)
        if values.size not in (1, channels):
            raise InputError(f"{what} has {counted(channels, 'channel')}, and its resize_param {values.size} "
                             "`pad_value`s; give one, or one for each channel.")
        padded = np.empty((self._height, self._width, channels), np.uint8)
        padded[:] = np.clip(np.rint(values), 0, 255)
        padded[above:above + rows, left:left + columns] = image
        return padded

    def place(self, box: Box, height: int, width: int) -> Box:
        """Where a box of an image of this size is in the new one, cut off at its edges."""
        if not self.keeps_shape:
            return Box(max(0.0, box.xmin), max(0.0, box.ymin), min(1.0, box.xmax), min(1.0, box.ymax), box.difficult)
        aspect, wanted = width / height, self._width / self._height
        # The parts of the new width and height that the old image takes.
        across, down = (1.0, wanted / aspect) if aspect > wanted else (aspect / wanted, 1.0)
        left, above = (1 - across) / 2, (1 - down) / 2
        return Box(left + max(0.0, box.xmin * across), above + max(0.0, box.ymin * down),
                   left + min(1.0, box.xmax * across), above + min(1.0, box.ymax * down), box.difficult)

    def extrapolated(self, box: Box, height: int, width: int, crop: Box) -> Box:
        """A box of the crop as a fraction of `width_scale` and `height_scale`, if FIT_SMALL_SIZE has these.

        `height` and `width` are those of the image before. Raises InputError if the crop is smaller than they are.
        """
        scales = self._param.width_scale, self._param.height_scale
        if self.keeps_size or not all(scales):
            return box
        aspect = width / height
        new = (self._width / aspect, self._width) if aspect < self._width / self._height else \
            (self._height, self._height * aspect)
        sides = new[1] * (crop.xmax - crop.xmin), new[0] * (crop.ymax - crop.ymin)
        if sides[0] < scales[0] or sides[1] < scales[1]:
            raise InputError(f"its resize_param has a `width_scale` of {scales[0]} and a `height_scale` of "
                             f"{scales[1]}, larger than a crop of {sides[0]:g} and {sides[1]:g} pixels; give "
                             "smaller ones.")
        across, down = sides[0] / scales[0], sides[1] / scales[1]
        return Box(box.xmin * across, box.ymin * down, box.xmax * across, box.ymax * down, box.difficult)


def policies_of(transform: schema.View) -> tuple[schema.View, ...]:
    """The `resize_param`s of a TransformationParameter: of one that has several, or has one at most, as SSD's own."""
    given = transform.resize_param
    if isinstance(given, tuple):
        return given
    return (given,) if transform.has("resize_param") else ()
