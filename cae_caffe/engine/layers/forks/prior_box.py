"""PriorBox: the boxes from which SSD's predictions start, of each place of a feature map."""

from __future__ import annotations

import math

import numpy as np
import torch

from ....errors import InputError
from ... import device as devices
from ...blob import shape_string
from ...layer import exactly
from ..registry import register
from .axes import four_axes
from .constant import ConstantLayer

SAME_RATIO = 1e-6       # ratios closer than this are one
DEFAULT_VARIANCE = 0.1


@register("PriorBox")
class PriorBox(ConstantLayer):
    """Of each place (h, w) of the first bottom, boxes around ((w + offset) step_w, (h + offset) step_h).

    For each `min_size`, in this order: a square of it; one of sqrt(min_size max_size) if there are `max_size`s; then,
    for each `aspect_ratio` but 1 and, with `flip`, its inverse, a box of min_size sqrt(ratio) x min_size / sqrt(ratio).
    As in the fork sizes lose what is behind their points. The top is (1, 2, 4 boxes): xmin, ymin, xmax, ymax as parts
    of the image, `clip`ped to it if wished; and four variances for each. The image's size is `img_size` (or `img_h`,
    `img_w`) or the second bottom's, a step is given or the image's part of a place. No gradient
    (src/caffe/layers/prior_box_layer.cpp).
    """

    bottoms = exactly(2)

    def setup(self, bottom, top):
        param = self.param.prior_box_param
        self.min_sizes, self.max_sizes = list(param.min_size), list(param.max_size)
        _check_sizes(self.min_sizes, self.max_sizes)
        self.ratios = _ratios(param)
        self.variances = list(param.variance) or [DEFAULT_VARIANCE]
        if len(self.variances) not in (1, 4) or min(self.variances) <= 0:
            raise InputError(f"its `variance`s are {_listed(self.variances)}; give one or four, all above 0.")
        self.image_size = _pair(param, "img_size", "img_h", "img_w")
        self.steps = _pair(param, "step", "step_h", "step_w")

    @property
    def boxes_of_a_place(self) -> int:
        """How many boxes stand around one place."""
        return len(self.min_sizes) * (1 + len(self.ratios)) + len(self.max_sizes)

    def shapes(self, bottom_shapes):
        height, width = four_axes(bottom_shapes[0])[2:]
        image = self.image_size or four_axes(bottom_shapes[1])[2:]
        if not height * width or not math.prod(image):
            raise InputError(f"its bottoms have shapes {shape_string(bottom_shapes[0])} and "
                             f"{shape_string(bottom_shapes[1])}, and there are no boxes without pixels; give a feature "
                             "map and an image of at least one.")
        self.boxes = self._make(height, width, image)
        return [(1, 2, height * width * self.boxes_of_a_place * 4)]

    def _make(self, height: int, width: int, image) -> torch.Tensor:
        """The top's values, computed as the fork does: in double precision from float32 centres and sizes."""
        offset = np.float32(self.param.prior_box_param.offset)
        steps = self.steps or [np.float32(size) / np.float32(count) for size, count in zip(image, (height, width))]
        y = (np.arange(height, dtype=np.float32) + offset) * np.float32(steps[0])
        x = (np.arange(width, dtype=np.float32) + offset) * np.float32(steps[1])
        centers = np.stack(np.broadcast_arrays(x[None, :, None], y[:, None, None]), -1).astype(np.float64)
        half = self._sizes().astype(np.float64) / 2
        boxes = np.concatenate([centers - half, centers + half], -1) / (2 * [image[1], image[0]])
        boxes = boxes.astype(np.float32)
        if self.param.prior_box_param.clip:
            boxes = boxes.clip(0, 1)
        variances = np.broadcast_to(np.array(self.variances, np.float32), (boxes.size // 4, 4))
        made = np.stack([boxes.reshape(-1), variances.reshape(-1)])[None]
        return torch.from_numpy(made).to(devices.current())

    def _sizes(self) -> np.ndarray:
        """Width and height of each box of a place, float32."""
        sizes: list[tuple[float, float]] = []
        for number, given in enumerate(self.min_sizes):
            size = int(given)
            sizes.append((size, size))
            if self.max_sizes:
                sizes.append((math.sqrt(size * int(self.max_sizes[number])),) * 2)
            sizes += [(size * math.sqrt(ratio), size / math.sqrt(ratio)) for ratio in self.ratios]
        return np.array(sizes, np.float32)

    def forward(self, bottom, top):
        top[0].data.copy_(self.boxes)


def _check_sizes(min_sizes: list[float], max_sizes: list[float]) -> None:
    if not min_sizes or min(min_sizes) <= 0:
        raise InputError(f"its `min_size`s are {_listed(min_sizes)}; give at least one, all above 0.")
    if max_sizes and (len(max_sizes) != len(min_sizes) or any(low >= high for low, high in zip(min_sizes, max_sizes))):
        raise InputError(f"its `min_size`s are {_listed(min_sizes)} and its `max_size`s {_listed(max_sizes)}; give as "
                         "many of the one as of the other, each `max_size` above its `min_size`, or no `max_size`.")


def _listed(numbers: list[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers) or "missing"


def _ratios(param) -> list[float]:
    """The aspect ratios, without 1, which every box has, and without those that are there already."""
    ratios = [np.float32(1)]
    for given in param.aspect_ratio:
        ratio = np.float32(given)
        if not ratio > 0:
            raise InputError(f"it has an `aspect_ratio` of {given:g}; a width divided by a height is above 0.")
        if all(abs(ratio - other) >= SAME_RATIO for other in ratios):
            ratios += [ratio, np.float32(1 / ratio)] if param.flip else [ratio]
    return [float(ratio) for ratio in ratios if abs(ratio - 1) >= SAME_RATIO]


def _pair(param, both: str, of_height: str, of_width: str):
    """Height and width, by one field or by two; None if none is given. A length of 0 or less is refused."""
    singles = param.has(of_height) or param.has(of_width)
    if singles and param.has(both):
        raise InputError(f"it has `{both}` and `{of_height}` or `{of_width}` as well; give the one or the others.")
    if not singles and not param.has(both):
        return None
    found = [getattr(param, name) for name in ((of_height, of_width) if singles else (both, both))]
    if min(found) <= 0:
        names = f"`{of_height}` and `{of_width}`" if singles else f"`{both}`"
        raise InputError(f"it has {names} of {_listed(list(dict.fromkeys(found)))}; give "
                         f"{'both' if singles else 'it'} above 0.")
    return found
