"""Proposal: the regions of an image that a region proposal network takes for objects."""

from __future__ import annotations

import math
from typing import Callable

import numpy as np
import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import between, exactly
from ...suppression import pixel_overlap, suppress
from ...traits import Traits
from ..registry import register
from .constant import ConstantLayer

LEAST_VALUES = 3        # of an image's third bottom: rows, columns, and the scale of both


@register("Proposal")
class Proposal(ConstantLayer):
    """Boxes (R, 5) of [image, x1, y1, x2, y2] in pixels, best first, and in a second top their scores (R).

    Bottoms: scores (N, 2 A, H, W) of A anchors, of which the second half are those of objects; box deltas (N, 4 A, H,
    W); and for each image [rows, columns, scale of rows, scale of columns, ...] or [rows, columns, scale of both].
    An anchor for each `ratio` and each `scale` lies at every place, `feat_stride` pixels from the next. For each image:

    1. Anchor of width w, centre (x, y), and deltas dx, dy, dw, dh make a box of width w exp(dw) at x + dx w, and so
       on, cut at the image; x1 and x2 lie half a width from the centre. (Ren et al. 2015, section 3.1.2)
    2. One that is less than `min_size` times the image's scale wide or high has its score set to 0.
    3. The best `pre_nms_topn` are taken, of equal scores the first by row, column and anchor.
    4. One that overlaps a better one by more than `nms_thresh` is dropped, until `post_nms_topn` are kept.

    R changes from pass to pass; when the net is built it is N `post_nms_topn`. Boxes count as constants: no gradient
    passes. (src/caffe/layers/proposal_layer.cpp and util/nms.cpp of sanghoon/caffe, branch dev_pvanet, which takes one
    image only; happynear/caffe-windows has a layer of this name with `scale` in pixels, which this one is not)
    """

    traits = Traits(capturable=False)
    bottoms = exactly(3)
    tops = between(1, 2)

    def setup(self, bottom, top):
        param = self.param.proposal_param
        for name in ("ratio", "scale"):
            given = getattr(param, name)
            if not len(given) or not all(0 < value < math.inf for value in given):
                raise InputError(f"its `{name}` is {', '.join(f'{value:g}' for value in given) or 'not given'}; give "
                                 "one or several numbers above 0.")
        for name in ("base_size", "feat_stride", "pre_nms_topn", "post_nms_topn"):
            if getattr(param, name) < 1:
                raise InputError(f"its `{name}` is {getattr(param, name)}; it must be at least 1.")
        self.anchors = anchors(param.base_size, param.ratio, param.scale)

    def shapes(self, bottom_shapes):
        scores, deltas, images = bottom_shapes
        number = len(self.anchors)
        if len(scores) != 4 or scores[1] != 2 * number or deltas != (scores[0], 4 * number, *scores[2:]):
            raise InputError(f"its bottoms have shapes {shape_string(scores)} and {shape_string(deltas)}; with "
                             f"{number} anchors, one for each `ratio` and `scale`, they must be (N, {2 * number}, H, "
                             f"W) and (N, {4 * number}, H, W).")
        if not scores[0] or math.prod(images) % scores[0] or math.prod(images) // scores[0] < LEAST_VALUES:
            raise InputError(f"its third bottom has shape {shape_string(images)}; of each of the {scores[0]} images it "
                             "must say how many rows and columns it has, and its scale.")
        most = scores[0] * self.param.proposal_param.post_nms_topn
        return [(most, 5), (most,)]

    def forward(self, bottom, top):
        scores, deltas, images = (blob.data.detach().cpu().numpy() for blob in bottom)
        for image in images.reshape(len(scores), -1):
            if not np.isfinite(image).all() or image[:LEAST_VALUES].min() <= 0:
                raise InputError(f"its third bottom says of an image {', '.join(f'{value:g}' for value in image)}; it "
                                 "must say how many rows and columns it has, and its scale, all finite and above 0.")
        found = [self._of_image(scores[n, len(self.anchors):], deltas[n], image)
                 for n, image in enumerate(images.reshape(len(scores), -1))]
        numbers = np.repeat(np.arange(len(found), dtype=np.float32), [len(kept) for _, kept in found])
        boxes = np.concatenate([boxes for boxes, _ in found])
        kept_scores = np.concatenate([kept for _, kept in found])
        for blob, values in zip(top, (np.column_stack([numbers, boxes]), kept_scores)):
            blob.reshape(values.shape)
            blob.data.copy_(torch.from_numpy(values))

    def _of_image(self, scores: np.ndarray, deltas: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The boxes (R, 4) and their scores (R), from scores (A, H, W) and deltas (4 A, H, W)."""
        param, number = self.param.proposal_param, len(self.anchors)
        rows, columns = scores.shape[1:]
        y, x = np.mgrid[:rows, :columns].astype(np.float32) * np.float32(param.feat_stride)
        placed = np.stack([x, y, x, y], axis=-1)[:, :, None] + self.anchors
        by_place = deltas.reshape(number, 4, rows, columns).transpose(2, 3, 0, 1)
        boxes = moved(placed.reshape(-1, 4), by_place.reshape(-1, 4))
        boxes = np.minimum(boxes, np.tile(image[1::-1] - 1, 2)).clip(0)
        least = param.min_size * np.array([image[3] if len(image) > LEAST_VALUES else image[2], image[2]])
        large = ((boxes[:, 2:] - boxes[:, :2] + 1) >= least).all(1)
        score = np.where(large, np.nan_to_num(scores.transpose(1, 2, 0).reshape(-1), nan=0), 0).astype(np.float32)
        best = np.argsort(-score, kind="stable")[:param.pre_nms_topn]
        threshold = np.float32(param.nms_thresh)
        kept = best[suppress(boxes[best], lambda overlap: overlap > threshold, param.post_nms_topn, _overlap)]
        return np.nan_to_num(boxes[kept], nan=0), score[kept]


def _half_up(values: np.ndarray) -> np.ndarray:
    return np.floor(values + np.float32(0.5))


def anchors(base_size: int, ratios, scales, rounded: Callable[[np.ndarray], np.ndarray] = _half_up) -> np.ndarray:
    """The anchors at the first place, (ratios * scales, 4) as x1, y1, x2, y2 in pixels, all scales of a ratio together.

    A ratio is height by width, of an area of about `base_size`**2, both `rounded`; a scale multiplies both.
    """
    ratio = np.asarray(ratios, np.float32)
    width = rounded(np.sqrt(np.float32(base_size ** 2) / ratio))
    sizes = np.stack([width, rounded(width * ratio)], axis=1)[:, None] * np.asarray(scales, np.float32)[:, None]
    half = (sizes.reshape(-1, 2) - 1) / 2
    centre = np.float32((base_size - 1) / 2)
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def moved(boxes: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    """Boxes (M, 4) moved and stretched by deltas dx, dy, dw, dh (M, 4)."""
    size = boxes[:, 2:] - boxes[:, :2] + 1
    with np.errstate(all="ignore"):      # what overflows is cut at the image
        centre = deltas[:, :2] * size + (boxes[:, :2] + size / 2)
        half = np.exp(deltas[:, 2:]) * size / 2
        return np.concatenate([centre - half, centre + half], axis=1)


def _overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The overlap as the fork has it: boxes with less than a pixel between them do not overlap."""
    apart = (box[:2] > boxes[:, 2:]) | (box[2:] < boxes[:, :2])
    return np.where(apart.any(1), 0, pixel_overlap(box, boxes))
