"""Regions of images, as a blob of rows [image, x1, y1, x2, y2]: what the layers share that pool them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ....errors import InputError
from ...blob import Blob, Shape, shape_string

VALUES = 5      # of a row: the image's number in the batch, and both corners in pixels
FARTHEST = 2.0 ** 30      # no corner counts as farther from an image's: beyond it whole numbers of 32 bits end


@dataclass(frozen=True)
class Regions:
    """R regions: the number of each one's image (R,), int64, and its corners x1, y1, x2, y2, (R, 4), float32."""

    image: np.ndarray
    corners: np.ndarray

    @classmethod
    def of(cls, blob: Blob, name: str, images: int) -> Regions:
        """The regions in `blob`, which the net calls `name`, of a batch of `images`.

        Raises InputError if one lies in no image of the batch, or has a corner that is no number.
        """
        rows = blob.data.detach().cpu().numpy().reshape(-1, VALUES)
        sound = np.isfinite(rows).all(1)
        image = np.trunc(rows[:, 0])
        for r in np.flatnonzero(~sound)[:1]:
            raise InputError(f"row {r} of its bottom `{name}` is {_row(rows[r])}; the number of an image and its "
                             "corners must be finite. If they come from the net itself, its training has diverged.")
        if not images and len(rows):
            raise InputError(f"its bottom `{name}` has {len(rows)} regions, and the batch that they lie in has no "
                             "images; give as few of the one as of the other.")
        for r in np.flatnonzero((image < 0) | (image >= images))[:1]:
            raise InputError(f"row {r} of its bottom `{name}` is {_row(rows[r])}; its first value, the number of an "
                             f"image in the batch, must be from 0 to {images - 1}. Correct the regions.")
        return cls(image.astype(np.int64), rows[:, 1:].clip(-FARTHEST, FARTHEST))

    def __len__(self) -> int:
        return len(self.image)


def check_shapes(maps: Shape, regions: Shape) -> None:
    """Raises InputError unless these are the shapes of images' maps, (N, C, H, W), and of regions, (R, 5)."""
    if len(maps) != 4:
        raise InputError(f"its first bottom has shape {shape_string(maps)}; it must have the four axes of images or "
                         "feature maps: number, channels, rows, columns.")
    if not regions or math.prod(regions[1:]) != VALUES:
        raise InputError(f"its second bottom has shape {shape_string(regions)}; each of its rows must be a region of "
                         f"{VALUES} values: the number of an image, x1, y1, x2, y2.")


def rounded(values: np.ndarray) -> np.ndarray:
    """The nearest whole numbers; of two as near the one farther from 0, as C's `round` does."""
    towards_zero = np.trunc(values)
    return towards_zero + np.where(np.abs(values - towards_zero) >= 0.5, np.sign(values), 0).astype(values.dtype)


def _row(values: np.ndarray) -> str:
    return f"[{', '.join(f'{value:g}' for value in values)}]"
