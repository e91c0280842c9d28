"""What YOLO's maps tell of boxes, which are x, y, w, h: the center and the size, as parts of the image."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .suppression import CaffeSuppression


class CaffeYoloBoxes(CaffeSuppression):
    """Base of layers that find boxes in maps (N, anchors values, H, W), of one or several sizes.

    The result are rows (1, 1, R, 7) of image, label from 1, confidence, left, top, right and bottom, ordered by image
    and confidence, without boxes that overlap a better one of their image by `nms_threshold` or more. If there is none,
    each image has a row of its number, and -1 six times. There is no gradient.
    """

    def __init__(self, num_classes, confidence_threshold, nms_threshold):
        super().__init__()
        self.num_classes = num_classes
        self.confidence_threshold, self.nms_threshold = confidence_threshold, nms_threshold

    @torch.no_grad()
    def forward(self, *bottoms):
        rows = torch.cat([self.rows(x, place) for place, x in enumerate(bottoms)])
        rows = rows[rows[:, 2].argsort(descending=True, stable=True)]
        kept = [rows[:0]]
        for image in range(len(bottoms[0])):
            its = rows[rows[:, 0] == image]
            kept.append(its[self.suppress(its[:, 3:])])
        image, label, confidence, center, size = torch.cat(kept).split([1, 1, 1, 2, 2], 1)
        found = torch.cat([image, label, confidence, center - size / 2, center + size / 2], 1)
        if not len(found):
            found = F.pad(self.numbers(len(bottoms[0]), found).unsqueeze(1), (0, 6), value=-1)
        return found[None, None]

    def rows(self, x, place):
        """Of the bottom x, which is at this place, rows of image, label, confidence and box of what is confident."""
        raise NotImplementedError

    def maps(self, x, anchors):
        """The bottom as (N, H, W, anchors, values)."""
        return x.unflatten(1, (anchors, -1)).permute(0, 3, 4, 1, 2)

    def boxes(self, center, size, anchors):
        """The boxes (N, H, W, anchors, 4), of where they are in their cells and how much larger than the anchors, which
        are (anchors, 2), as parts of the image.
        """
        rows, columns = center.shape[1:3]
        y, x = torch.meshgrid(self.numbers(rows, center), self.numbers(columns, center), indexing="ij")
        cells = torch.stack([x, y], -1).unsqueeze(2)
        center = (center.sigmoid() + cells) / center.new_tensor([columns, rows])
        return torch.cat([center, size.exp() * anchors], -1)

    def numbers(self, count, like):
        """The whole numbers from 0 to before `count`, of the type and on the device of `like`."""
        return torch.arange(count, dtype=like.dtype, device=like.device)

    def overlap(self, box, boxes):
        low = torch.maximum(box[:2] - box[2:] / 2, boxes[:, :2] - boxes[:, 2:] / 2)
        high = torch.minimum(box[:2] + box[2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2)
        inner = torch.where((high < low).any(1), 0, (high - low).prod(1))
        return inner / (box[2:].prod() + boxes[:, 2:].prod(1) - inner)

    def may_stay(self, overlaps):
        return overlaps < self.nms_threshold


class CaffeYolov2Boxes(CaffeYoloBoxes):
    """YOLOv2's: of each anchor x, y, w, h, whether there is anything, and the classes, of which the likeliest counts.

    The confidence, of `confidence_threshold` at least, is the product of both probabilities. `anchors` are (width,
    height) in cells.
    """

    def __init__(self, num_classes, anchors, confidence_threshold, nms_threshold):
        super().__init__(num_classes, confidence_threshold, nms_threshold)
        self.anchors = anchors

    def rows(self, x, place):
        center, size, there, classes = self.maps(x, len(self.anchors)).split([2, 2, 1, self.num_classes], -1)
        likeliest, label = classes.softmax(-1).max(-1, keepdim=True)
        confidence = likeliest * there.sigmoid()
        anchors = x.new_tensor(self.anchors) / x.shape[3]
        image = self.numbers(len(x), x).reshape(-1, 1, 1, 1, 1).expand_as(confidence)
        rows = torch.cat([image, label + 1, confidence, self.boxes(center, size, anchors)], -1)
        return rows[confidence.squeeze(-1) >= self.confidence_threshold]


class CaffeYolov3Boxes(CaffeYoloBoxes):
    """YOLOv3's: of each anchor x, y, w, h, whether there is anything, and the classes, each of which may count.

    The confidence, above `confidence_threshold`, is the product of both probabilities. For each bottom `anchors` has
    those of its own, (width, height) in pixels, and `strides` how many pixels a cell has on a side.
    """

    def __init__(self, num_classes, anchors, strides, confidence_threshold, nms_threshold):
        super().__init__(num_classes, confidence_threshold, nms_threshold)
        self.anchors, self.strides = anchors, strides

    def rows(self, x, place):
        center, size, there, classes = self.parts(self.maps(x, len(self.anchors[place])))
        confidence = (classes.sigmoid() * there).unsqueeze(-1)
        anchors = x.new_tensor(self.anchors[place]) / (x.new_tensor([x.shape[3], x.shape[2]]) * self.strides[place])
        boxes = self.boxes(center, size, anchors).unsqueeze(-2).expand(*classes.shape, 4)
        image = self.numbers(len(x), x).reshape(-1, 1, 1, 1, 1, 1).expand_as(confidence)
        label = (self.numbers(self.num_classes, x) + 1).unsqueeze(1).expand_as(confidence)
        rows = torch.cat([image, label, confidence, boxes], -1)
        return rows[confidence.squeeze(-1) > self.confidence_threshold]

    def parts(self, maps):
        """Center, size, the probability that there is anything, and the classes."""
        center, size, there, classes = maps.split([2, 2, 1, self.num_classes], -1)
        return center, size, there.sigmoid(), classes


class CaffeGaussianYolov3Boxes(CaffeYolov3Boxes):
    """CaffeYolov3Boxes where an uncertainty is behind each of x, y, w and h, whose mean takes from the confidence."""

    def parts(self, maps):
        of_box, there, classes = maps.split([8, 1, self.num_classes], -1)
        uncertainty = of_box[..., 1::2].sigmoid().mean(-1, keepdim=True)
        return of_box[..., 0:4:2], of_box[..., 4:8:2], there.sigmoid() * (1 - uncertainty), classes
