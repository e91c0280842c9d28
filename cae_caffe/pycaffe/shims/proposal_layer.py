"""rpn.proposal_layer of py-faster-rcnn: the regions that a region proposal network takes for objects."""

from __future__ import annotations

import numpy as np

from ...engine.suppression import suppress
from ...errors import InputError
from . import settings
from .boxes import ConstantTops, moved, options, placed_anchors


class ProposalLayer(ConstantTops):
    """Bottoms: scores (1, 2 A, H, W), box deltas (1, 4 A, H, W), [rows, columns, scale] of the image. Tops: regions
    (R, 5) and, if wanted, their scores (R, 1).

    Options: `feat_stride`, and `scales` and `ratios` of the anchors. As the layer type Proposal, but small boxes are
    left out, and numbers are those of settings.TRAIN and TEST.
    """

    def setup(self, bottom, top):
        self.options = options(self)
        self.settings = settings.TEST if self.phase else settings.TRAIN
        top[0].reshape(1, 5)
        if len(top) > 1:
            top[1].reshape(1, 1)

    def reshape(self, bottom, top):
        """The tops get their shapes in forward. Raises InputError for several images."""
        if len(bottom[0].data) != 1:
            raise InputError(f"it is given {len(bottom[0].data)} images, and takes one; make the batch 1.")

    def forward(self, bottom, top):
        boxes, scores = self._candidates(*(blob.data for blob in bottom))
        order = scores.argsort()[::-1][:self.settings.before]
        kept = order[suppress(boxes[order], lambda overlap: overlap > np.float32(self.settings.overlap),
                              self.settings.after)]
        regions = np.column_stack([np.zeros(len(kept), np.float32), boxes[kept]])
        for blob, values in zip(top, (regions, scores[kept, None])):
            blob.reshape(*values.shape)
            blob.data[...] = values

    def _candidates(self, scores, deltas, image):
        rows, columns = scores.shape[2:]
        anchors = placed_anchors(self.options, rows, columns, deltas.shape[1], 4).astype(np.float32)
        boxes = moved(anchors, deltas.transpose(0, 2, 3, 1).reshape(-1, 4))
        height, width, scale = image.reshape(-1)[:3]
        boxes = np.maximum(np.minimum(boxes, np.array([width, height, width, height]) - 1), 0)
        large = (boxes[:, 2:] - boxes[:, :2] + 1 >= self.settings.least * scale).all(1)
        flat = scores[:, scores.shape[1] // 2:].transpose(0, 2, 3, 1).reshape(-1)
        return boxes[large], flat[large]
