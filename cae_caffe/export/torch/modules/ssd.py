"""SSD's boxes: xmin, ymin, xmax, ymax as parts of the image."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from .suppression import CaffeSuppression


class CaffePriorBox(nn.Module):
    """The boxes around each place of the maps, and four variances for each: (1, 2, 4 boxes), constants.

    Of each of the `min_sizes`, in pixels, a square, one of the geometric mean of it and its one of the `max_sizes`, and
    a box for each of the aspect `ratios`. `step` and `image_size` are (height, width) in pixels, of a place and of the
    image; without them they are what the maps and the images tell.
    """

    sizes: torch.Tensor         # (boxes of a place, 2): width and height in pixels
    variances: torch.Tensor

    def __init__(self, min_sizes, max_sizes, ratios, variances, offset=0.5, step=None, image_size=None, clip=False):
        super().__init__()
        sizes: list[tuple[float, float]] = []
        for number, side in enumerate(map(int, min_sizes)):
            sizes.append((side, side))
            if max_sizes:
                sizes.append((math.sqrt(side * int(max_sizes[number])),) * 2)
            sizes += [(side * math.sqrt(ratio), side / math.sqrt(ratio)) for ratio in ratios]
        self.register_buffer("sizes", torch.tensor(sizes, dtype=torch.float32), persistent=False)
        self.register_buffer("variances", torch.tensor(variances, dtype=torch.float32), persistent=False)
        self.offset, self.step, self.image_size, self.clip = offset, step, image_size, clip

    def forward(self, maps, images):
        height, width = self.image_size or (*images.shape[2:], 1, 1)[:2]
        rows, columns = (*maps.shape[2:], 1, 1)[:2]
        step_y, step_x = self.step or (height / rows, width / columns)
        y, x = self.centers(rows, step_y) / height, self.centers(columns, step_x) / width
        centers = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).unsqueeze(2)
        half = torch.stack([self.sizes[:, 0] / width, self.sizes[:, 1] / height], -1) / 2
        boxes = torch.cat([centers - half, centers + half], -1)
        boxes = boxes.clamp(0, 1) if self.clip else boxes
        return torch.stack([boxes.flatten(), self.variances.expand_as(boxes).flatten()]).unsqueeze(0)

    def centers(self, places, step):
        """The middles of so many places of `step` pixels."""
        return (torch.arange(places, dtype=self.sizes.dtype, device=self.sizes.device) + self.offset) * step


class CaffeDetectionOutput(CaffeSuppression):
    """Of each class the best boxes: rows (1, 1, R, 7) of image, class, score, xmin, ymin, xmax, ymax.

    Of P priors, (1, 2, 4 P) with their variances, `loc` (N, 4 P) tells the boxes, or (N, 4 P classes) those of each
    class, and `conf` (N, P classes) the scores. Those of each class count that are above `confidence_threshold`, the
    `top_k` best, without what overlaps a better one by more than `nms_threshold`; of all these the `keep_top_k` best
    are kept. Rows are ordered by image, class and score. If there is none, each image has a row of its number, and -1
    six times. There is no gradient.
    """

    def __init__(self, num_classes, background=0, code_type="CORNER", variance_in_target=False,
                 confidence_threshold=-math.inf, nms_threshold=0.3, top_k=None, keep_top_k=None):
        super().__init__()
        self.num_classes, self.background = num_classes, background
        self.code_type, self.variance_in_target = code_type, variance_in_target
        self.confidence_threshold, self.nms_threshold = confidence_threshold, nms_threshold
        self.top_k, self.keep_top_k = top_k, keep_top_k

    @torch.no_grad()
    def forward(self, loc, conf, priors):
        priors, variances = priors[0].reshape(2, -1, 1, 4)
        number, count = len(loc), len(priors)
        boxes = self.decoded(priors, variances, loc.reshape(number, count, -1, 4))
        scores = conf.reshape(number, count, self.num_classes)
        rows = torch.cat([F.pad(self.of_image(boxes[image], scores[image]), (1, 0), value=image)
                          for image in range(number)])
        if not len(rows):
            rows = F.pad(torch.arange(number, dtype=loc.dtype, device=loc.device).unsqueeze(1), (0, 6), value=-1)
        return rows[None, None]

    def decoded(self, priors, variances, codes):
        """The boxes that codes (N, P, classes or 1, 4) mean at the priors (P, 1, 4)."""
        codes = codes if self.variance_in_target else codes * variances
        if self.code_type == "CORNER":
            return priors + codes
        size = priors[..., 2:] - priors[..., :2]
        if self.code_type == "CORNER_SIZE":
            return priors + codes * torch.cat([size, size], -1)
        center = codes[..., :2] * size + (priors[..., :2] + priors[..., 2:]) / 2
        half = codes[..., 2:].exp() * size / 2
        return torch.cat([center - half, center + half], -1)

    def of_image(self, boxes, scores):
        """Rows of class, score and box, from boxes (P, classes or 1, 4) and scores (P, classes)."""
        boxes = boxes.expand(-1, self.num_classes, -1)
        found = [F.pad(self.of_class(boxes[:, label], scores[:, label]), (1, 0), value=label)
                 for label in range(self.num_classes) if label != self.background]
        rows = torch.cat([scores.new_zeros(0, 6), *found])
        if self.keep_top_k is not None and self.keep_top_k < len(rows):
            rows = rows[rows[:, 1].argsort(descending=True, stable=True)[:self.keep_top_k]]
            rows = rows[rows[:, 0].argsort(stable=True)]
        return rows

    def of_class(self, boxes, scores):
        """Rows of score and box, the best first, from boxes (P, 4) and scores (P,)."""
        order = scores.argsort(descending=True, stable=True)
        order = order[scores[order] > self.confidence_threshold][:self.top_k]
        kept = order[self.suppress(boxes[order])]
        return torch.cat([scores[kept].unsqueeze(1), boxes[kept]], 1)

    def overlap(self, box, boxes):
        shared = torch.minimum(box[2:], boxes[:, 2:]) - torch.maximum(box[:2], boxes[:, :2])
        inner = shared.prod(1)
        part = inner / (self.area(box) + self.area(boxes) - inner)
        return torch.where((shared > 0).all(1), part, 0)

    def area(self, boxes):
        """The areas of boxes (..., 4), 0 of those inside out."""
        size = boxes[..., 2:] - boxes[..., :2]
        return torch.where((size < 0).any(-1), 0, size.prod(-1))

    def may_stay(self, overlaps):
        return overlaps <= self.nms_threshold


class CaffeShrinkingDetectionOutput(CaffeDetectionOutput):
    """CaffeDetectionOutput with a threshold that, as long as it is above 0.5, shrinks by `eta` with each box kept."""

    def __init__(self, *arguments, eta, **options):
        super().__init__(*arguments, **options)
        self.eta = eta

    def suppress(self, boxes, most=None):
        kept: list[torch.Tensor] = []
        left = torch.arange(len(boxes), device=boxes.device)
        limit = boxes.new_tensor(self.nms_threshold)
        worst = torch.zeros_like(boxes[:, 0])       # the largest overlap of each with one that is kept
        while len(left) and len(kept) != most:
            best, left = left[0], left[1:]
            kept.append(best)
            limit = limit * self.eta if limit > 0.5 else limit
            worst[left] = torch.maximum(worst[left], self.overlap(boxes[best], boxes[left]))
            left = left[worst[left] <= limit]
        return torch.stack(kept) if kept else left[:0]
