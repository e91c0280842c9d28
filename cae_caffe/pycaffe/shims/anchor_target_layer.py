"""rpn.anchor_target_layer of py-faster-rcnn: what a region proposal network is to say of its anchors."""

from __future__ import annotations

import numpy as np

from . import settings
from .boxes import ConstantTops, distances, drawn, options, placed_anchors
from .overlaps import bbox_overlaps


class AnchorTargetLayer(ConstantTops):
    """Bottoms: scores (1, 2 A, H, W), boxes of objects (G, 5) as x1, y1, x2, y2, class, [rows, columns, ...] of the
    image, and the image. Tops: labels (1, 1, A H, W), 1 for objects, 0 for background, -1 for neither; box deltas, and
    their inside and outside weights, each (1, 4 A, H, W).

    Options: `feat_stride`, `scales`, `ratios`, and `allowed_border`, by how many pixels an anchor may lie beside the
    image. Other numbers are those of settings.ANCHORS. What is drawn is drawn by numpy.random, as py-faster-rcnn draws.
    """

    def setup(self, bottom, top):
        self.options = options(self)
        self._show(top, *self._blank(bottom[0])[1:])

    def reshape(self, bottom, top):
        """The tops get their shapes in forward."""

    def _blank(self, scores):
        """The anchors, rows and columns of the map, and labels, targets and weights of none of them."""
        channels, rows, columns = scores.data.shape[1:]
        anchors = placed_anchors(self.options, rows, columns, channels, 2)
        return anchors, rows, columns, np.full(len(anchors), -1.0), *np.zeros((3, len(anchors), 4))

    def forward(self, bottom, top):
        anchors, rows, columns, labels, targets, inside_weights, outside_weights = self._blank(bottom[0])
        objects, (height, width) = bottom[1].data, bottom[2].data.reshape(-1)[:2]
        border = self.options.get("allowed_border", 0)
        inside = np.flatnonzero((anchors[:, :2] >= -border).all(1) & (anchors[:, 2] < width + border)
                                & (anchors[:, 3] < height + border))
        if len(inside) and len(objects):
            overlaps = bbox_overlaps(anchors[inside], objects)
            labels[inside] = _labels(overlaps)
            targets[inside] = distances(anchors[inside], objects[overlaps.argmax(1), :4])
            inside_weights[labels == 1] = 1
            outside_weights[labels >= 0] = 1 / max(1, np.sum(labels >= 0))
        self._show(top, rows, columns, labels, targets, inside_weights, outside_weights)

    def _show(self, top, rows, columns, labels, *others):
        """Write values by row, column and anchor into the tops, whose anchors come before rows and columns."""
        by_anchor = [each.reshape(rows, columns, -1).transpose(2, 0, 1)[None] for each in (labels, *others)]
        by_anchor[0] = by_anchor[0].reshape(1, 1, -1, columns)
        for blob, values in zip(top, by_anchor):
            blob.reshape(*values.shape)
            blob.data[...] = values


def _labels(overlaps: np.ndarray) -> np.ndarray:
    """Of anchors by their overlaps (N, G) with objects; an object's best anchors are 1, however little they overlap."""
    chosen = settings.ANCHORS
    labels = np.full(len(overlaps), -1.0)
    labels[overlaps.max(1) < chosen.negative] = 0
    labels[(overlaps == overlaps.max(0)).any(1)] = 1
    labels[overlaps.max(1) >= chosen.positive] = 1
    for label, most in ((1, int(chosen.objects * chosen.number)), (0, None)):
        found = np.flatnonzero(labels == label)
        kept = drawn(found, chosen.number - int(np.sum(labels == 1)) if most is None else most)
        labels[np.setdiff1d(found, kept)] = -1
    return labels
