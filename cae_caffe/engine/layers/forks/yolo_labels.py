"""YOLO's true boxes, as its losses take them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch

from ....errors import InputError
from ...blob import Shape, shape_string

COLUMNS = 5         # of a row of labels: class, x, y, w, h
MOST = 300          # rows of an image


class TrueBoxes(NamedTuple):
    """The boxes of a batch, in their order: the `image` (K) of each, its `label` (K), and `boxes` (K, 4), x, y, w, h as
    parts of the image's size; on the host.
    """

    image: np.ndarray
    label: np.ndarray
    boxes: np.ndarray

    def cells(self, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """The row and the column of the cell that each centre is in."""
        column, row = (self.boxes[:, :2] * np.array([width, height], np.float32)).astype(np.int64).T
        return row, column


def check_shape(shape: Shape, images: int) -> None:
    """Raises InputError unless a blob of labels has the boxes of so many images."""
    size = math.prod(shape[1:])
    if shape[:1] != (images,) or size % COLUMNS or not size:
        raise InputError(f"its labels have shape {shape_string(shape)}; they must have boxes of 5 values (class, x, y, "
                         f"w, h) for each of {images} images, in the shape ({images}, 1, boxes, 5).")


def true_boxes(labels: torch.Tensor, classes: int) -> TrueBoxes:
    """The boxes that `labels` tells of: those of an image end where x or w is 0.

    Raises InputError for a class that is none of 0 to `classes` - 1, a centre outside of the image or a size of not
    more than 0: of these the fork reads or writes beside its maps, or makes what is no number.
    """
    rows = labels.detach().cpu().numpy().reshape(len(labels), labels[:1].numel() // COLUMNS, COLUMNS)
    before_end = np.cumprod((rows[:, :, 1] != 0) & (rows[:, :, 3] != 0), axis=1).astype(bool)
    image, _ = np.nonzero(before_end)
    chosen = rows[before_end]
    found = TrueBoxes(image, np.trunc(chosen[:, 0]), chosen[:, 1:])
    center, size = found.boxes[:, :2], found.boxes[:, 2:]
    inside = (center >= 0) & (center < 1) & (size > 0) & np.isfinite(size)
    for number in np.flatnonzero(~(inside.all(1) & (found.label >= 0) & (found.label < classes)))[:1]:
        raise InputError(f"image {image[number]} of its batch has a box with class, x, y, w, h "
                         f"{', '.join(f'{value:g}' for value in chosen[number])}; classes are 0 to {classes - 1}, x "
                         "and y at least 0 and below 1, w and h above 0, as parts of the image. Correct the labels.")
    return found._replace(label=found.label.astype(np.int64))


def table(rows: list[tuple], batch: int) -> torch.Tensor:
    """Labels (batch, 1, 300, 5) of rows of SSD's labels: image, class from 1, instance, xmin, ymin, xmax, ymax and
    whether it is difficult. Zeros are behind them.

    Raises InputError if an image has more boxes than that; the fork writes them over the next image's.
    """
    labels = torch.zeros(batch, 1, MOST, COLUMNS)
    used = [0] * batch
    for image, label, _, xmin, ymin, xmax, ymax, _ in rows:
        if used[image] == MOST:
            raise InputError(f"image {image} of a batch has more boxes than the {MOST} that YOLO's labels have room "
                             "for; leave it out of the database.")
        labels[image, 0, used[image]] = torch.tensor([label - 1, (xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin,
                                                      ymax - ymin])
        used[image] += 1
    return labels
