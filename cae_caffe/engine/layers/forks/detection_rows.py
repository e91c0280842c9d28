"""What the layers of SSD read of blobs: priors, and the rows of ground truths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ....errors import InputError
from ...blob import Blob, Shape, shape_string

PADDING = -1            # the image's number in a row that holds no box
TRUTH_WIDTH = 8         # image, label, instance, xmin, ymin, xmax, ymax, difficult
DETECTION_WIDTH = 7     # image, label, score, xmin, ymin, xmax, ymax


def require_rows(shape: Shape, width: int, what: str) -> None:
    """Raises InputError unless a bottom of `shape` holds one row of `width` values for each box."""
    if len(shape) < 2 or shape[-1] != width or math.prod(shape[:-2]) != 1:
        raise InputError(f"its bottom of {what} has shape {shape_string(shape)}; it takes (1, 1, number, {width}), a "
                         f"row of {width} values for each.")


def prior_count(shape: Shape) -> int:
    """How many priors a bottom of this shape, PriorBox's, has. Raises InputError if it has another shape."""
    if len(shape) < 3 or not shape[0] or shape[1] != 2 or shape[2] % 4 or math.prod(shape[3:]) != 1:
        raise InputError(f"its bottom of prior boxes has shape {shape_string(shape)}; it takes PriorBox's (1, 2, 4 "
                         "boxes): the boxes, and their variances. Several PriorBox layers are put together by a "
                         "Concat with `axis: 2`.")
    return shape[2] // 4


def require_predictions(shape: Shape, values: int, what: str) -> None:
    """Raises InputError unless a bottom of `shape` has so many `values` for each image."""
    if not shape or math.prod(shape[1:]) != values:
        raise InputError(f"its bottom of {what} has shape {shape_string(shape)}, and by its prior boxes and classes "
                         f"there must be {values} values for each image; correct `num_classes`, `share_location`, the "
                         "PriorBox layers' sizes and ratios, or the layers that predict.")


def require_classes(param) -> int:
    """`num_classes` of a layer's options. Raises InputError if there are none."""
    if not param.num_classes:
        raise InputError(f"its `num_classes` is {'0' if param.has('num_classes') else 'missing'}; give the number of "
                         "classes, the background counted in.")
    return param.num_classes


def background(param) -> int:
    """The background's label; fields that cannot be negative say -1, no background, as 4294967295, as in the fork."""
    label = param.background_label_id
    return label - 2**32 if label >= 2**31 else label


def on_host(blob: Blob) -> np.ndarray:
    """The blob's data on the host, to be read alone."""
    return blob.data.detach().cpu().numpy()


def priors_of(blob: Blob) -> tuple[np.ndarray, np.ndarray]:
    """The boxes (P, 4) and the variances (P, 4) in a PriorBox's top."""
    boxes, variances = on_host(blob)[0].reshape(2, -1, 4)
    return boxes, variances


@dataclass
class GroundTruths:
    """Boxes (G, 4), sorted by image, with the image, the label, and whether it is difficult, of each: all of (G)."""

    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    difficult: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, background: int, with_difficult: bool) -> GroundTruths:
        """Those of rows (G, 8), sorted by image; padding, and difficult ones if not wanted, left out.

        Raises InputError for a box with the background's label.
        """
        if not np.isfinite(rows).all():
            raise InputError("a ground truth has a value that is no finite number; correct the data, in which an image "
                             "of -1 says that a row holds no box.")
        whole = np.trunc(rows[:, :2])
        difficult = rows[:, 7] != 0
        chosen = np.flatnonzero((whole[:, 0] != PADDING) & (with_difficult | ~difficult))
        chosen = chosen[np.argsort(whole[chosen, 0], kind="stable")]
        images, labels = whole[chosen].astype(np.int64).T
        if (labels == background).any():
            raise InputError(f"a ground truth of image {images[labels == background][0]} has the label {background}, "
                             "which `background_label_id` says is the background's; correct the data or that field.")
        return cls(images, labels, rows[chosen, 3:7], difficult[chosen])

    def within(self, images: int) -> None:
        """Raises InputError for a box of an image that is not one of the batch's."""
        for image in self.images[(self.images < 0) | (self.images >= images)][:1]:
            known = f"of images 0 to {images - 1}" if images else "of no image"
            raise InputError(f"a ground truth is of image {image}, and the predictions are {known}; correct the data, "
                             "in which -1 says that a row holds no box.")

    def of_image(self, image: int) -> slice:
        """Where the boxes of an image stand."""
        first, behind = np.searchsorted(self.images, [image, image + 1])
        return slice(int(first), int(behind))
