"""rpn.proposal_target_layer of py-faster-rcnn: which regions a detector learns from, and what it is to say of them."""

from __future__ import annotations

import numpy as np

from . import settings
from .boxes import ConstantTops, distances, number, options
from .overlaps import bbox_overlaps


class ProposalTargetLayer(ConstantTops):
    """Bottoms: regions (R, 5), boxes of objects (G, 5) as x1, y1, x2, y2, class. Tops, with two axes of length 1
    behind, as R-FCN's nets want them: the regions drawn (S, 5), their labels (S, 1), and box deltas, inside and outside
    weights, each (S, 4 K), of which the four of the label's class count.

    The option `num_classes` is K; with 2 classes, all objects are of the second (R-FCN's, which knows no classes of
    boxes). Other numbers are those of settings.REGIONS. What is drawn is drawn by numpy.random, as py-faster-rcnn
    draws it.
    """

    def setup(self, bottom, top):
        self.classes = number(options(self), "num_classes")
        for blob, width in zip(top, (5, 1, *[4 * self.classes] * 3)):
            blob.reshape(1, width, 1, 1)

    def reshape(self, bottom, top):
        """The tops get their shapes in forward."""

    def forward(self, bottom, top):
        objects = bottom[1].data.reshape(len(bottom[1].data), -1)[:, :5]
        regions = np.concatenate([bottom[0].data.reshape(-1, 5),
                                  np.column_stack([np.zeros(len(objects), np.float32), objects[:, :4]])])
        overlaps = bbox_overlaps(regions[:, 1:], objects)
        chosen, objects_among = _drawn(overlaps.max(1))
        nearest = objects[overlaps[chosen].argmax(1)]
        labels = np.where(np.arange(len(chosen)) < objects_among, nearest[:, 4], 0)
        deltas = (distances(regions[chosen, 1:], nearest[:, :4]) - settings.BOX_MEANS) / settings.BOX_DEVIATIONS
        weights = self._of_class(labels, np.ones(deltas.shape))
        tops = (regions[chosen], labels[:, None], self._of_class(labels, deltas), weights, weights)
        for blob, values in zip(top, tops):
            blob.reshape(*values.shape, 1, 1)
            blob.data[...] = values[..., None, None]

    def _of_class(self, labels: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The values (S, 4) among those of all classes (S, 4 K); 0 for others, and for background."""
        spread = np.zeros((len(labels), self.classes, 4))
        objects = np.flatnonzero(labels > 0)
        spread[objects, np.minimum(labels[objects].astype(int), self.classes - 1)] = values[objects]
        return spread.reshape(len(labels), -1)


def _drawn(overlaps: np.ndarray) -> tuple[np.ndarray, int]:
    """The regions drawn by their largest overlaps (R), objects first, and how many those are."""
    wanted = settings.REGIONS
    found = np.flatnonzero(overlaps >= wanted.positive)
    objects = min(int(np.round(wanted.objects * wanted.number)), len(found))
    if len(found):
        found = np.random.choice(found, size=objects, replace=False)
    others = np.flatnonzero((overlaps < wanted.positive) & (overlaps >= wanted.lowest))
    if len(others):
        others = np.random.choice(others, size=min(wanted.number - objects, len(others)), replace=False)
    return np.concatenate([found, others]), objects
