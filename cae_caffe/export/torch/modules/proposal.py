"""The regions that a region proposal network takes for objects, in pixels whose corners both belong to them."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .suppression import CaffeSuppression


class CaffeProposalLayer(CaffeSuppression):
    """py-faster-rcnn's: regions (R, 5) of image, x1, y1, x2, y2, the best first, and if wanted their scores (R, 1).

    Called with scores (N, 2 A, H, W) of A anchors, of which the second half are those of objects, box deltas (N, 4 A,
    H, W), and for each image [rows, columns, scale]. An anchor for each ratio (height by width) and each scale lies
    every `feat_stride` pixels. Boxes, cut at the image, that are less than `min_size` times its scale wide or high are
    left out; of the `pre_nms_topn` best those that overlap a better one by more than `nms_thresh`, until there are
    `post_nms_topn`. Regions count as constants: there is no gradient.
    """

    anchors: torch.Tensor       # (A, 4), those at the first place
    scores_shape: tuple[int, ...] = (-1, 1)

    def __init__(self, feat_stride, ratios, scales, base_size, min_size, pre_nms_topn, post_nms_topn, nms_thresh,
                 return_scores=False):
        super().__init__()
        ratio = torch.tensor(ratios, dtype=torch.float32)
        scale = torch.tensor(scales, dtype=torch.float32)
        width = self.rounded((base_size ** 2 / ratio).sqrt())
        sizes = torch.stack([width, self.rounded(width * ratio)], 1).unsqueeze(1) * scale.unsqueeze(1)
        half, center = (sizes.flatten(0, 1) - 1) / 2, (base_size - 1) / 2
        self.register_buffer("anchors", torch.cat([center - half, center + half], 1), persistent=False)
        self.feat_stride, self.min_size, self.nms_thresh = feat_stride, min_size, nms_thresh
        self.pre_nms_topn, self.post_nms_topn, self.return_scores = pre_nms_topn, post_nms_topn, return_scores

    def rounded(self, x):
        """As the sides of anchors are: halves to even numbers."""
        return x.round()

    @torch.no_grad()
    def forward(self, scores, deltas, images):
        number = len(scores)
        scores = scores[:, len(self.anchors):].permute(0, 2, 3, 1).flatten(1)
        boxes = self.moved(self.placed(*deltas.shape[2:]), deltas.permute(0, 2, 3, 1).reshape(number, -1, 4))
        found = [self.of_image(boxes[n], scores[n], image) for n, image in enumerate(images.reshape(number, -1))]
        regions = torch.cat([F.pad(kept, (1, 0), value=n) for n, (kept, _) in enumerate(found)])
        if not self.return_scores:
            return regions
        return regions, torch.cat([best for _, best in found]).reshape(self.scores_shape)

    def placed(self, rows, columns):
        """The anchors at all places, (M, 4), by row, column and anchor."""
        y, x = (torch.arange(length, dtype=self.anchors.dtype, device=self.anchors.device) * self.feat_stride
                for length in (rows, columns))
        y, x = torch.meshgrid(y, x, indexing="ij")
        return (torch.stack([x, y, x, y], -1).unsqueeze(2) + self.anchors).reshape(-1, 4)

    def moved(self, boxes, deltas):
        """Boxes (M, 4) moved by the first two of the deltas (N, M, 4), in parts of their sizes, and stretched by the
        exponentials of the others.
        """
        size = boxes[:, 2:] - boxes[:, :2] + 1
        center = deltas[..., :2] * size + (boxes[:, :2] + size / 2)
        half = deltas[..., 2:].exp() * size / 2
        return torch.cat([center - half, center + half], -1)

    def of_image(self, boxes, scores, image):
        """The regions (R, 4) of an image, and their scores."""
        boxes = torch.minimum(boxes, image[[1, 0, 1, 0]] - 1).clamp_min(0)
        is_large = (boxes[:, 2:] - boxes[:, :2] + 1 >= self.least(image)).all(1)
        boxes, scores = self.candidates(boxes, scores, is_large)
        best = scores.argsort(descending=True, stable=True)[:self.pre_nms_topn]
        kept = best[self.suppress(boxes[best], self.post_nms_topn)]
        return boxes[kept], scores[kept]

    def least(self, image):
        """The least width and height of a region."""
        return self.min_size * image[[2, 2]]

    def candidates(self, boxes, scores, is_large):
        """The boxes (M, 4) and scores (M,) of what may be a region."""
        return boxes[is_large], scores[is_large]

    def overlap(self, box, boxes):
        sides = torch.minimum(box[2:], boxes[:, 2:]) - torch.maximum(box[:2], boxes[:, :2]) + 1
        inner = sides.clamp_min(0).prod(1)
        return inner / ((box[2:] - box[:2] + 1).prod() + (boxes[:, 2:] - boxes[:, :2] + 1).prod(1) - inner)

    def may_stay(self, overlaps):
        return ~(overlaps > self.nms_thresh)


class CaffeProposal(CaffeProposalLayer):
    """PVANET's: as CaffeProposalLayer, with scores (R,), and where boxes are too small, or no numbers, a score of 0.

    Images may have a scale for columns behind that of rows. Boxes with less than a pixel between them do not overlap.
    """

    scores_shape = (-1,)

    def rounded(self, x):
        """As the sides of anchors are: halves up."""
        return (x + 0.5).floor()

    def of_image(self, boxes, scores, image):
        regions, scores = super().of_image(boxes, scores, image)
        return regions.nan_to_num(nan=0), scores

    def least(self, image):
        return self.min_size * image[[3 if len(image) > 3 else 2, 2]]

    def candidates(self, boxes, scores, is_large):
        return boxes, torch.where(is_large, scores.nan_to_num(nan=0), 0)

    def overlap(self, box, boxes):
        apart = (box[:2] > boxes[:, 2:]) | (box[2:] < boxes[:, :2])
        return torch.where(apart.any(1), 0, super().overlap(box, boxes))
