"""YoloDetectionOutput and Yolov3DetectionOutput: the boxes that YOLO's maps tell of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import Layer, at_least, between
from ...suppression import suppress
from ...traits import Traits
from ..registry import register
from . import yolo_boxes

# Of candidates: the image, label and confidence of each, and its box.
Found = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


class _DetectionOutput(Layer):
    """What both share: rows of image, label (counted from 1), confidence, and the box's left, top, right and bottom, as
    parts of the image and perhaps beyond it; image by image, by falling confidence, without those whose intersection
    over union with a better one of the image reaches `nms_threshold`, whatever their labels. The top is (1, 1, rows,
    7); if there is no box at all, it has for each image a row of its number and six times -1. There is no gradient.

    The fork takes a batch for one image; here, images do not mix.
    """

    traits = Traits(capturable=False)
    nms_threshold: float

    def allows_forced_backward(self, bottom_index):
        return False

    def shapes(self, bottom_shapes):
        for shape in bottom_shapes:
            yolo_boxes.check_maps(shape, *self.values())
            if shape[0] != bottom_shapes[0][0]:
                raise InputError(f"its bottoms have shapes {shape_string(bottom_shapes[0])} and {shape_string(shape)}; "
                                 "they must have as many images.")
        return [(1, 1, 1, 7)]       # until it is known how many there are

    def values(self) -> tuple[int, int]:
        """The number of anchors of each bottom, and of values of each."""
        raise NotImplementedError

    def candidates(self, bottom) -> Iterator[Found]:
        """Of each bottom, what is confident enough."""
        raise NotImplementedError

    def forward(self, bottom, top):
        parts = [torch.cat(part).cpu().numpy() for part in zip(*self.candidates(bottom))]
        rows = self._rows(bottom[0].shape[0], *parts)
        top[0].reshape((1, 1, *rows.shape))
        top[0].data.copy_(torch.from_numpy(rows).view(top[0].shape))

    def _rows(self, images: int, image, label, confidence, box) -> np.ndarray:
        best = np.argsort(-confidence, kind="stable")       # of equals, the first
        by_image = [best[image[best] == number] for number in range(images)]
        kept = np.concatenate([best[:0], *(its[suppress(box[its], lambda overlap: overlap >= self.nms_threshold,
                                                        overlap=_overlap)] for its in by_image)])
        if not len(kept):
            return np.array([[number] + [-1] * 6 for number in range(images)], np.float32)
        centers, halves = box[kept, :2], box[kept, 2:] / 2
        return np.column_stack([image[kept], label[kept], confidence[kept], centers - halves, centers + halves]) \
            .astype(np.float32)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(len(bottom)))


def _overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    return yolo_boxes.likeness(torch.from_numpy(box), torch.from_numpy(boxes)).numpy()


@register("YoloDetectionOutput")
class YoloDetectionOutput(_DetectionOutput):
    """YOLOv2's: each anchor of a cell has the class that is likeliest by a softmax, and the confidence is its
    probability times that of there being anything, at least `confidence_threshold` (MobileNet-YOLO's
    src/caffe/layers/yolo_detection_output_layer.cpp). A second bottom, of another size, has the same anchors.

    `side` and `label_map_file` change nothing, as in the fork.
    """

    bottoms = between(1, 2)

    @classmethod
    def unsupported(cls, param):
        coords = param.yolo_detection_output_param.coords
        return [f"`coords: {coords}` (boxes have 4, also in the fork)"] if coords != 4 else []

    def setup(self, bottom, top):
        self.options = self.param.yolo_detection_output_param
        _check_classes(self.options)
        self.nms_threshold = self.options.nms_threshold
        yolo_boxes.check_biases(self.options.biases, self.options.num_box)

    def values(self):
        return self.options.num_box, 5 + self.options.num_classes

    def shapes(self, bottom_shapes):
        for shape in bottom_shapes:
            yolo_boxes.check_square(shape)
        return super().shapes(bottom_shapes)

    def candidates(self, bottom):
        for blob in bottom:
            side = blob.shape[3]
            maps = yolo_boxes.as_maps(blob.data, self.options.num_box)
            anchors = yolo_boxes.anchor_sizes(self.options.biases, (side, side), maps)[:self.options.num_box]
            confidence, label = maps[..., 5:].softmax(-1).max(-1)
            confidence = confidence * maps[..., 4].sigmoid()
            boxes = yolo_boxes.decoded(maps[..., :2].sigmoid(), maps[..., 2:4], anchors)
            # In the order of the fork: cell by cell.
            confidence, label, boxes = confidence.movedim(1, 3), label.movedim(1, 3), boxes.movedim(1, 3)
            chosen = confidence >= self.options.confidence_threshold
            image = chosen.nonzero()[:, 0]
            yield image, label[chosen] + 1, confidence[chosen], boxes[chosen]


@register("Yolov3DetectionOutput")
class Yolov3DetectionOutput(_DetectionOutput):
    """YOLOv3's: each class of each anchor of a cell has a confidence, the sigmoid of its value times that of there
    being anything, and those above `confidence_threshold` count (MobileNet-YOLO's
    src/caffe/layers/yolov3_detection_output_layer.cpp).

    Bottom t has the anchors that the t-th part of `mask` names, and `anchors_scale` of the t-th is the number of
    `biases`' pixels that a cell is wide and high. With `gaussian_box`, each of x, y, w and h has its uncertainty behind
    it, and the confidence is multiplied by one less their mean. There, the fork takes a class for whether there is
    anything on the CPU, and counts an uncertainty twice on a GPU; here it is right.
    """

    bottoms = at_least(1)

    def setup(self, bottom, top):
        options = self.options = self.param.yolov3_detection_output_param
        _check_classes(options)
        self.nms_threshold = options.nms_threshold
        groups = options.mask_group_num
        if len(bottom) != groups or len(options.anchors_scale) < groups or 0 in options.anchors_scale:
            raise InputError(f"it has {len(bottom)} bottoms, `mask_group_num: {groups}`, and for `anchors_scale` "
                             f"{list(options.anchors_scale)}; give for each bottom a part of the mask and a scale of "
                             "at least 1.")
        self.share = len(options.mask) // groups
        if (groups - 1) * self.share + options.num_box > len(options.mask):
            raise InputError(f"its `mask` is {list(options.mask)}; it must have `num_box: {options.num_box}` anchors "
                             f"for each of {groups} bottoms.")
        yolo_boxes.check_biases(options.biases, max(options.mask, default=0) + 1)

    def values(self):
        return self.options.num_box, (9 if self.options.gaussian_box else 5) + self.options.num_classes

    def candidates(self, bottom):
        for number, (blob, scale) in enumerate(zip(bottom, self.options.anchors_scale)):
            height, width = blob.shape[2:]
            maps = yolo_boxes.as_maps(blob.data, self.options.num_box)
            own = self.options.mask[number * self.share:][:self.options.num_box]
            anchors = yolo_boxes.anchor_sizes(self.options.biases, (width * scale, height * scale), maps)[list(own)]
            there, boxes = self._gaussian(maps, anchors) if self.options.gaussian_box else self._plain(maps, anchors)
            confidence = maps[..., -self.options.num_classes:].sigmoid() * there.unsqueeze(-1)
            confidence, boxes = confidence.movedim(1, 3), boxes.movedim(1, 3)       # in the fork's order
            chosen = confidence > self.options.confidence_threshold
            image, _, _, _, label = chosen.nonzero().unbind(1)
            yield image, label + 1, confidence[chosen], boxes.unsqueeze(-2).expand(*chosen.shape, 4)[chosen]

    def _plain(self, maps, anchors) -> tuple[torch.Tensor, torch.Tensor]:
        """How surely there is a box, and the box."""
        return maps[..., 4].sigmoid(), yolo_boxes.decoded(maps[..., :2].sigmoid(), maps[..., 2:4], anchors)

    def _gaussian(self, maps, anchors) -> tuple[torch.Tensor, torch.Tensor]:
        there = maps[..., 8].sigmoid() * (1 - maps[..., 1:8:2].sigmoid().mean(-1))
        return there, yolo_boxes.decoded(maps[..., 0:4:2].sigmoid(), maps[..., 4:8:2], anchors)


def _check_classes(options) -> None:
    if not options.has("num_classes") or options.num_classes < 1 or options.num_box < 1:
        raise InputError(f"its `num_classes` is {options.num_classes if options.has('num_classes') else 'not given'}, "
                         f"and its `num_box` {options.num_box}; give both, at least 1.")
