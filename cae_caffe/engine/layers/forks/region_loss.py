"""RegionLoss: YOLOv2's loss."""

from __future__ import annotations

import numpy as np
import torch

from ....errors import InputError
from ...traits import Traits
from ..loss import LossLayer
from ..registry import register
from . import yolo_boxes, yolo_labels


@register("RegionLoss")
class RegionLoss(LossLayer):
    """The loss of maps (N, num (5 + num_class), side, side), for each anchor x, y, w, h, whether there is a box, and
    its classes by a softmax, and of true boxes (see yolo_labels.py). (MobileNet-YOLO's src/caffe/layers/
    region_loss_layer.cpp, Darknet's; the paper: Redmon and Farhadi 2016)

    Darknet's way: what is handed down is not the loss's derivative, but what each value should change by, `diff`, over
    N; and the loss is the sum of its squares, over N. Where an anchor's box overlaps no true one by more than `thresh`,
    diff is that of there being no box, times `noobject_scale`. A true box is learned in the cell of its centre, by the
    anchor whose shape is likest (with `bias_match: 0`, whose box is): its place and size, times `coord_scale`; that
    there is a box, times `object_scale`, to 1, or with `rescore` to their overlap; and its class, times `class_scale`.
    Of two true boxes in one place the last is learned. Without `rescore`, small boxes count more, by 2 - w h.

    `side`, `jitter`, `random` and `absolute` change nothing, as in the fork.
    """

    traits = Traits(capturable=False)

    @classmethod
    def unsupported(cls, param):
        options = param.region_loss_param
        found = [f"`coords: {options.coords}` (boxes have 4, also in the fork)"] if options.coords != 4 else []
        found += ["`softmax: 0` (classes are a softmax, also in the fork)"] if not options.softmax else []
        return found + [f"`{name}` (the fork does nothing with it)" for name in ("softmax_tree", "class_map")
                        if getattr(options, name)]

    def setup(self, bottom, top):
        self.options = self.param.region_loss_param
        if self.options.num_class < 1 or self.options.num < 1:
            raise InputError(f"its `num_class` is {self.options.num_class} and its `num` {self.options.num}; give at "
                             "least 1.")
        yolo_boxes.check_biases(self.options.biases, self.options.num)

    def shapes(self, bottom_shapes):
        maps, labels = bottom_shapes
        yolo_boxes.check_maps(maps, self.options.num, 5 + self.options.num_class)
        yolo_boxes.check_square(maps)
        yolo_labels.check_shape(labels, maps[0])
        return [()]

    def forward(self, bottom, top):
        maps = yolo_boxes.as_maps(bottom[0].data, self.options.num)
        true = yolo_labels.true_boxes(bottom[1].data, self.options.num_class)
        side = bottom[0].shape[3]
        self._anchors = yolo_boxes.anchor_sizes(self.options.biases, (side, side), maps)[:self.options.num]
        boxes = yolo_boxes.decoded(maps[..., :2].sigmoid(), maps[..., 2:4], self._anchors)
        diff = torch.zeros_like(maps)
        diff[..., 4] = self._of_nothing(maps[..., 4].sigmoid(), boxes, true)
        self._learn(diff, maps, boxes, true)
        top[0].data.copy_(diff.square().sum() / max(1, len(maps)))
        self._diff = diff.permute(0, 1, 4, 2, 3).reshape(bottom[0].shape)

    def _of_nothing(self, there, boxes, true) -> torch.Tensor:
        """The diff of there being a box, for all places, as if there were none."""
        diff = self.options.noobject_scale * there * _slope(there)
        for image in range(len(boxes)):
            of_image = boxes.new_tensor(true.boxes[true.image == image])
            near = yolo_boxes.best_likeness(boxes[image], of_image) > self.options.thresh
            diff[image].masked_fill_(near, 0)
        return diff

    def _learn(self, diff, maps, boxes, true) -> None:
        """Write the diff of what learns the true boxes into `diff`."""
        row, column = true.cells(maps.shape[3], maps.shape[2])
        sizes = boxes.new_tensor(true.boxes[:, 2:])
        shapes = self._anchors if self.options.bias_match else boxes[true.image, :, row, column, 2:]
        anchor = _likest(shapes, sizes).cpu().numpy()
        places = np.stack([true.image, anchor, row, column])
        last = np.unique(places[:, ::-1], axis=1, return_index=True)[1]
        if not len(last):
            return
        last = len(row) - 1 - last
        place = tuple(places[:, last])
        wanted = boxes.new_tensor(true.boxes[last])
        here, box = maps[place], boxes[place]
        side = maps.shape[3]
        cell = wanted.new_tensor(np.stack([column[last], row[last]], axis=1))
        center = here[:, :2].sigmoid()
        scale = self.options.coord_scale * (1 if self.options.rescore else 2 - wanted[:, 2:].prod(-1, keepdim=True))
        there = here[:, 4].sigmoid()
        to = yolo_boxes.likeness(box, wanted) if self.options.rescore else 1
        one_hot = torch.nn.functional.one_hot(torch.from_numpy(true.label[last]), self.options.num_class).to(here)
        diff[place] = torch.cat([
            -scale * (wanted[:, :2] * side - cell - center) * _slope(center),
            -scale * ((wanted[:, 2:] / self._anchors[anchor[last]]).log() - here[:, 2:4]),
            (-self.options.object_scale * (to - there) * _slope(there)).unsqueeze(1),
            -self.options.class_scale * (one_hot - here[:, 5:].softmax(-1)),
        ], dim=1)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if propagate_down[0]:
            torch.mul(self._diff, top[0].diff / max(1, len(self._diff)), out=bottom[0].diff)


def _likest(shapes: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """The number of the shape, of (anchors, 2) or (K, anchors, 2), that is likest to each of the sizes (K, 2)."""
    return yolo_boxes.likeness_of_sizes(shapes, sizes.unsqueeze(1)).argmax(1)


def _slope(sigmoid: torch.Tensor) -> torch.Tensor:
    """The sigmoid's derivative, by its value."""
    return sigmoid * (1 - sigmoid)
