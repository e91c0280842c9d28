"""UniqueLabel: which labels an image has."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import require_images, shape_string
from ...layer import Layer
from ...traits import Traits
from ..registry import register


@register("UniqueLabel")
class UniqueLabel(Layer):
    """For each image (N, 1, H, W) its labels and every `force_label`, without those of `ignore_label`, in rising order,
    and -1 for the rest of `max_labels`: (N, max_labels, 1, 1) (DeepLab's src/caffe/layers/unique_label_layer.cpp).
    """

    traits = Traits(capturable=False)

    def allows_forced_backward(self, bottom_index):
        return False

    def setup(self, bottom, top):
        param = self.param.unique_label_param
        self.forced = sorted(set(param.force_label))
        if param.max_labels <= len(self.forced):
            raise InputError(f"`max_labels: {param.max_labels}` leaves no room beside {len(self.forced)} of "
                             "`force_label`; give more.")

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        require_images(shape, "UniqueLabel")
        if shape[1] != 1:
            raise InputError(f"its bottom has shape {shape_string(shape)}; labels have 1 channel.")
        return [(shape[0], self.param.unique_label_param.max_labels, 1, 1)]

    def forward(self, bottom, top):
        param = self.param.unique_label_param
        top[0].data.fill_(-1)
        for image, labels in zip(bottom[0].data, top[0].data):
            found = set(torch.unique(image).tolist()) - set(param.ignore_label)
            found.update(self.forced)
            if len(found) > param.max_labels:
                raise InputError(f"{self.where}: it found {len(found)} labels in one image, and `max_labels` is "
                                 f"{param.max_labels}; give more, or name some as `ignore_label`.")
            labels[:len(found)] = labels.new_tensor(sorted(found)).reshape(-1, 1, 1)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0)
