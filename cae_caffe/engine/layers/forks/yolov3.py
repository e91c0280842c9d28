"""Yolov3: YOLOv3's loss."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from ....errors import InputError
from ...traits import Traits
from ..loss import LossLayer
from ..registry import register
from . import yolo_boxes, yolo_labels
from .yolo_labels import TrueBoxes

Place = tuple[np.ndarray, ...]      # image, anchor, row and column of each


class _Hits(NamedTuple):
    """The true boxes as anchors learn them, in the order of the true boxes: where each is learned, and which it is."""

    place: Place
    true: np.ndarray

    def chosen(self, numbers: np.ndarray) -> _Hits:
        return _Hits(tuple(axis[numbers] for axis in self.place), self.true[numbers])

    def firsts(self) -> np.ndarray:
        """The number of the first hit of each place."""
        return np.sort(np.unique(np.stack(self.place), axis=1, return_index=True)[1])

    def lasts(self) -> np.ndarray:
        """The number of the last hit of each place."""
        return len(self.true) - 1 - np.unique(np.stack(self.place)[:, ::-1], axis=1, return_index=True)[1]


@register("Yolov3")
class Yolov3(LossLayer):
    """The loss of maps (N, num (5 + num_class), H, W), for each anchor x, y, w, h, whether there is a box, and its
    classes by sigmoids, and of true boxes (see yolo_labels.py). (MobileNet-YOLO's src/caffe/layers/yolov3_layer.cpp,
    Darknet's; the paper: Redmon and Farhadi 2018)

    Darknet's way: what is handed down is not the loss's derivative, but what each value should change by, `diff`, over
    N, with `use_logic_gradient` times the slope of x's, y's and all others' sigmoids; and the loss is the sum of its
    squares, over N. Where an anchor's box is not likelier a true one than `thresh`, diff is that of there being no box.
    `biases` are the sizes of all anchors, in pixels, of which a cell has `anchors_scale`; those that `mask` names are
    the layer's. A true box is learned in the cell of its centre by the anchor of all that is likest to it, if it is
    one of the layer's, and by those of the layer's that are likelier than `iou_thresh`.

    Learned are place and size, times `coord_scale` (2 - w h); or, with an `iou_loss` other than MSE, which then also
    says what is likest, the gradient of that likeness times `iou_normalizer`, within `max_delta`, `accumulate`d or of
    the last true box of a place. Then the mean of 1 - likeness, times `iou_normalizer`, replaces these in the loss.
    That there is a box is learned (with `use_logic_gradient` times `object_scale`), and the class (times `class_scale`;
    to 1 - eps / 2, and others to eps / 2, with eps = `label_smooth_eps`; with `use_focal_loss` by arXiv:1708.02002
    instead). Where further true boxes are learned in one place, their classes come beside the first one's.

    `side` and `noobject_scale` change nothing, as in the fork. There, an anchor's number is mistaken for its place in
    the mask, so that one may be learned twice; the likeness IOU is taken for DIOU in the loss; and with an iou_loss,
    `use_logic_gradient` has the wrong slopes of x and y. Here they are right.
    """

    traits = Traits(capturable=False)

    def setup(self, bottom, top):
        options = self.options = self.param.yolov3_param
        self.mask = list(options.mask)[:options.num]
        if len(self.mask) < options.num or not self.mask:
            raise InputError(f"its `mask` is {list(options.mask)}; it must name {max(options.num, 1)} anchors, as many "
                             f"as `num: {options.num}`.")
        yolo_boxes.check_biases(options.biases, max(self.mask) + 1)
        for name in ("anchors_scale", "num_class"):
            if getattr(options, name) < 1:
                raise InputError(f"its `{name}` is 0; give at least 1.")

    def shapes(self, bottom_shapes):
        maps, labels = bottom_shapes
        yolo_boxes.check_maps(maps, len(self.mask), 5 + self.options.num_class)
        yolo_labels.check_shape(labels, maps[0])
        return [()]

    def forward(self, bottom, top):
        maps = yolo_boxes.as_maps(bottom[0].data, len(self.mask))
        true = yolo_labels.true_boxes(bottom[1].data, self.options.num_class)
        height, width = bottom[0].shape[2:]
        scale = self.options.anchors_scale
        anchors = yolo_boxes.anchor_sizes(self.options.biases, (width * scale, height * scale), maps)
        outputs = torch.cat([maps[..., :2].sigmoid(), maps[..., 2:4], maps[..., 4:].sigmoid()], dim=-1)
        boxes = yolo_boxes.decoded(outputs[..., :2], outputs[..., 2:4], anchors[self.mask])
        diff = torch.zeros_like(outputs)
        diff[..., 4] = self._of_nothing(outputs[..., 4], boxes, true)
        hits = self._hits(anchors, true, width, height)
        unlike = self._learn(diff, outputs, boxes, anchors[self.mask], true, hits) if len(hits.true) else 0
        if self.options.iou_loss == "MSE":
            loss = diff.square().sum()
        else:
            loss = diff[..., 4:].square().sum() + self.options.iou_normalizer * unlike
        top[0].data.copy_(loss / max(1, len(maps)))
        if self.options.use_logic_gradient:
            outputs[..., 2:4] = 0.5         # of w and h, the slope is 1
            diff *= torch.where(outputs.new_tensor([False, False, True, True] + [False] * (outputs.shape[-1] - 4),
                                                   dtype=torch.bool), 1, outputs * (1 - outputs))
        self._diff = diff.permute(0, 1, 4, 2, 3).reshape(bottom[0].shape)

    def _of_nothing(self, there, boxes, true: TrueBoxes) -> torch.Tensor:
        """The diff of there being a box, for all places, as if there were none."""
        diff = there.clone()
        for image in range(len(boxes)):
            of_image = boxes.new_tensor(true.boxes[true.image == image])
            likest = yolo_boxes.best_likeness(boxes[image], of_image, self.options.iou_loss)
            diff[image].masked_fill_(likest > self.options.thresh, 0)
        return diff

    def _hits(self, anchors: torch.Tensor, true: TrueBoxes, width: int, height: int) -> _Hits:
        """Of each true box, first the likest anchor, then others that are likely enough, by their numbers."""
        sizes = anchors.new_tensor(true.boxes[:, 2:])
        likeness = yolo_boxes.likeness_of_sizes(anchors, sizes.unsqueeze(1), self.options.iou_loss).cpu().numpy()
        row, column = true.cells(width, height)
        found = []
        for number, alike in enumerate(likeness):
            best = int(alike.argmax())
            chosen = [best] if alike[best] > 0 else []
            if self.options.iou_thresh < 1:
                others = np.flatnonzero(alike > self.options.iou_thresh).tolist()
                chosen += [other for other in others if other != best]
            found += [(true.image[number], self.mask.index(anchor), row[number], column[number], number)
                      for anchor in chosen if anchor in self.mask]
        *place, numbers = np.array(found, np.int64).reshape(-1, 5).T
        return _Hits(tuple(place), numbers)

    def _learn(self, diff, outputs, boxes, anchors, true: TrueBoxes, hits: _Hits) -> torch.Tensor:
        """Write the diff of what learns the true boxes into `diff`; returns the mean of 1 - likeness."""
        wanted = boxes.new_tensor(true.boxes[hits.true])
        if self.options.iou_loss == "MSE":
            last = hits.lasts()
            self._learn_boxes(diff, outputs, anchors, wanted[last], hits.chosen(last))
        else:
            self._learn_likeness(diff, outputs, boxes, wanted, hits)
        there = diff[..., 4]
        there[hits.place] = (outputs[..., 4][hits.place] - 1) * (
            self.options.object_scale if self.options.use_logic_gradient else 1)
        self._learn_classes(diff[..., 5:], outputs[..., 5:], true, hits)
        return (1 - yolo_boxes.likeness(boxes[hits.place], wanted, self.options.iou_loss)).mean()

    def _learn_boxes(self, diff, outputs, anchors, wanted, hits: _Hits) -> None:
        _, anchor, row, column = hits.place
        height, width = outputs.shape[2:4]
        cell = wanted.new_tensor(np.stack([column, row], axis=1))
        scale = self.options.coord_scale * (2 - wanted[:, 2:].prod(-1, keepdim=True))
        target = torch.cat([wanted[:, :2] * wanted.new_tensor([width, height]) - cell,
                            (wanted[:, 2:] / anchors[anchor]).log()], dim=1)
        boxes = diff[..., :4]
        boxes[hits.place] = -scale * (target - outputs[..., :4][hits.place])

    def _learn_likeness(self, diff, outputs, boxes, wanted, hits: _Hits) -> None:
        gradient = yolo_boxes.likeness_gradient(boxes[hits.place], wanted, self.options.iou_loss)
        gradient[:, 2:] *= outputs[..., 2:4][hits.place].exp()
        gradient = (gradient * self.options.iou_normalizer).nan_to_num(0, 0, 0)
        gradient = gradient.clamp(-self.options.max_delta, self.options.max_delta)
        boxes = diff[..., :4]
        place = tuple(map(torch.from_numpy, hits.place))
        if self.options.accumulate:
            boxes.index_put_(place, -gradient, accumulate=True)
        else:
            last = hits.lasts()
            boxes[hits.chosen(last).place] = -gradient[last]

    def _learn_classes(self, diff, outputs, true: TrueBoxes, hits: _Hits) -> None:
        first = hits.firsts()
        here, label = hits.chosen(first), true.label[hits.true]
        values = outputs[here.place]
        one_hot = torch.nn.functional.one_hot(torch.from_numpy(label[first]), values.shape[1]).to(values)
        smooth = self.options.label_smooth_eps
        if self.options.use_focal_loss:
            diff[here.place] = (one_hot - values) * -self.options.class_scale * _focal((one_hot * values).sum(1))
        else:
            diff[here.place] = (one_hot * (1 - smooth) + smooth / 2 - values) * -self.options.class_scale
        further = np.setdiff1d(np.arange(len(hits.true)), first)
        place = (*hits.chosen(further).place, label[further])
        diff[place] = (1 - smooth / 2 - outputs[place]) * -self.options.class_scale

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if propagate_down[0]:
            torch.mul(self._diff, top[0].diff / max(1, len(self._diff)), out=bottom[0].diff)


def _focal(likely: torch.Tensor) -> torch.Tensor:
    """What the focal loss makes of a diff (K, 1), by the label's probability (K), with alpha 0.5 and gamma 2."""
    likely = likely.unsqueeze(1) + 1e-15
    return -0.5 * (1 - likely) * (2 * likely * likely.log() + likely - 1)
