"""SegAccuracy: how well the pixels of images are classified."""

from __future__ import annotations

import numpy as np
import torch

from ....errors import InputError
from ...blob import require_images, shape_string
from ...layer import Layer, exactly
from ...traits import Traits
from ..data_source import HIDDEN, DataSource, Place, found
from ..registry import register


@register("SegAccuracy")
class SegAccuracy(DataSource, Layer):
    """The top (1, 1, 1, 3): which part of the pixels has its class; the mean of that over the classes, as far as the
    labels have them; and the mean over all classes of the intersection over the union, 1 for a class without pixels.

    A pixel's class is that of the largest value, the last of equal ones. Pixels whose label is an `ignore_label` do
    not count. With `reset: false` those of all passes count. `metric` has no say (DeepLab's
    src/caffe/layers/seg_accuracy_layer.cpp and src/caffe/util/confusion_matrix.cpp).
    """

    traits = Traits(capturable=False)
    bottoms = exactly(2)

    def allows_forced_backward(self, bottom_index):
        return False

    def setup(self, bottom, top):
        self.confusion: torch.Tensor | None = None     # by label and class

    def shapes(self, bottom_shapes):
        prediction, label = bottom_shapes
        require_images(prediction, "SegAccuracy")
        if label != (prediction[0], 1, *prediction[2:]):
            raise InputError(f"its bottoms have shapes {shape_string(prediction)} and {shape_string(label)}; the "
                             "second must have one label for each pixel of the first, "
                             f"{shape_string((prediction[0], 1, *prediction[2:]))}.")
        return [(1, 1, 1, 3)]

    def forward(self, bottom, top):
        prediction, labels = bottom[0].data, bottom[1].data[:, 0].long()
        classes = prediction.shape[1]
        chosen = classes - 1 - prediction.flip(1).argmax(1)
        for ignored in self.param.seg_accuracy_param.ignore_label:
            chosen, labels = chosen[labels != ignored], labels[labels != ignored]
        if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            wrong = int(labels.min()) if int(labels.min()) < 0 else int(labels.max())
            raise InputError(f"{self.where}: it found the label {wrong} in its bottom `{self.param.bottom[1]}`, and "
                             f"there are {classes} classes; correct it, or make it an `ignore_label`.")
        counts = torch.bincount(labels.reshape(-1) * classes + chosen.reshape(-1), minlength=classes**2)
        counts = counts.reshape(classes, classes).double()
        if self.confusion is None or self.param.seg_accuracy_param.reset or self.confusion.shape != counts.shape:
            self.confusion = counts
        else:
            self.confusion = self.confusion.to(counts.device) + counts
        top[0].data.copy_(_measures(self.confusion).reshape(top[0].shape))

    def place(self) -> Place:
        return {HIDDEN: np.zeros((0, 0)) if self.confusion is None else self.confusion.cpu().numpy()}

    def go_to(self, place: Place) -> None:
        self.confusion = torch.from_numpy(found(place, HIDDEN)).double()

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0, 1)


def _measures(counts: torch.Tensor) -> torch.Tensor:
    right, total = counts.diagonal(), counts.sum()
    of_label, of_class = counts.sum(1), counts.sum(0)
    occurring = of_label > 0
    recalls = right[occurring] / of_label[occurring]
    union = of_label + of_class - right
    overlaps = torch.where(union == 0, 1, right / union.clamp_min(1))
    return torch.stack([right.sum() / total.clamp_min(1),
                        recalls.sum() / max(1, len(recalls)), overlaps.mean()])
