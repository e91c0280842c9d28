"""InnerDistance: how far each feature is from each of several vectors."""

from __future__ import annotations

import math

import torch

from ....errors import InputError
from ...blob import canonical_axis, in_rows, shape_string
from ...layer import Layer, between
from ..labels import Classes, Labels
from ..registry import register

NEVER_ZERO = 1e-6       # it is added to the sum of squares by whose root a weight is divided


@register("InnerDistance")
class InnerDistance(Layer):
    """top[m, n] = sum over k of (x[m, k] - w[n, k])**2, or with `distance_type: L1` of |x[m, k] - w[n, k]|; axes of x
    from `axis` on are one feature. There is no bias, whatever `bias_term` says.

    w is the layer's parameter (num_output, features) or the second bottom. With `normalize` each forward pass first
    divides the rows of such a parameter by their lengths. With `update_center_only` the last bottom are labels, and of
    w each row has a gradient from the features of its class alone (NormFace: happynear/caffe-windows'
    src/caffe/layers/inner_distance_layer.cpp, which takes a second of two bottoms for w even if it is the labels, and
    whose `transpose` mistakes rows for columns: it is refused).
    """

    bottoms = between(1, 3)

    @classmethod
    def unsupported(cls, param):
        return ["`transpose: true`, which mixes up rows and columns in the fork itself; leave it out"] if (
            param.inner_distance_param.transpose) else []

    def allows_forced_backward(self, bottom_index):
        return not (self.has_labels and bottom_index == len(self.param.bottom) - 1)

    def setup(self, bottom, top):
        param = self.param.inner_distance_param
        if param.distance_type not in ("L1", "L2"):
            raise InputError(f"`distance_type: {param.distance_type!r}` is none; give L1 or L2.")
        self.norm = 1.0 if param.distance_type == "L1" else 2.0
        self.has_labels = param.update_center_only
        most = 3 if self.has_labels else 2
        if not most - 1 <= len(bottom) <= most:
            raise InputError(f"it has {len(bottom)} bottom blob(s), and with `update_center_only: "
                             f"{str(self.has_labels).lower()}` takes {most - 1} or {most}: features, perhaps vectors"
                             f"{', and labels' if self.has_labels else ''}.")
        self.axis = canonical_axis(param.axis, bottom[0].shape)
        self.features = math.prod(bottom[0].shape[self.axis:])
        self.has_weights = len(bottom) < most
        if not self.has_weights:
            return
        if not param.num_output:
            raise InputError("its `num_output` is 0; give the number of vectors, at least 1.")
        self.add_parameter((param.num_output, self.features), param.weight_filler)

    def shapes(self, bottom_shapes):
        features, samples = bottom_shapes[0], math.prod(bottom_shapes[0][:self.axis])
        if math.prod(features[self.axis:]) != self.features:
            raise InputError(f"its bottom has shape {shape_string(features)}, {math.prod(features[self.axis:])} values "
                             f"a feature, and its weights were made for {self.features}; they must agree.")
        if not self.features:
            raise InputError(f"its bottom has shape {shape_string(features)}, whose features have no values; give at "
                             "least one.")
        weights = self.blobs[0].shape if self.has_weights else bottom_shapes[1]
        if math.prod(weights[1:]) != self.features:
            raise InputError(f"its bottoms have shapes {shape_string(features)} and {shape_string(weights)}; a row of "
                             f"the second must have {self.features} values, as a feature.")
        if self.has_labels and math.prod(bottom_shapes[-1]) != samples:
            raise InputError(f"its last bottom has shape {shape_string(bottom_shapes[-1])}; give one label for each of "
                             f"the {samples} features.")
        return [features[:self.axis] + weights[:1]]

    def _rows(self, bottom) -> tuple[torch.Tensor, torch.Tensor]:
        weights = self.blobs[0].data if self.has_weights else in_rows(bottom[1].data)
        return bottom[0].data.reshape(-1, self.features), weights

    def forward(self, bottom, top):
        features, weights = self._rows(bottom)
        if self.has_weights and self.param.inner_distance_param.normalize:
            weights.div_((weights.square().sum(1, keepdim=True) + NEVER_ZERO).sqrt_())
        top[0].data.copy_(self._distances(features, weights).reshape(top[0].shape))

    def _distances(self, features: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        distances = torch.cdist(features, weights, self.norm, "donot_use_mm_for_euclid_dist")
        return distances if self.norm == 1 else distances.square()

    def backward(self, top, propagate_down, bottom):
        if self.has_labels:
            self.refuse_gradient(propagate_down, len(bottom) - 1)
        features, weights = self._rows(bottom)
        diff = top[0].diff.reshape(len(features), len(weights))
        wants_weights = self.needs_diff(0) if self.has_weights else propagate_down[1]
        if propagate_down[0]:
            bottom[0].diff.copy_(self._slopes(features, weights, diff).reshape(bottom[0].shape))
        if not wants_weights:
            return
        if self.has_labels:
            classes = Classes(1, len(features), len(weights), 1)
            labels = Labels(self, bottom[-1].data, classes, bottom=-1).index
            diff = torch.zeros_like(diff).scatter_(1, labels, diff.gather(1, labels))
        slopes = self._slopes(weights, features, diff.T)
        blob = self.blobs[0] if self.has_weights else bottom[1]
        out, add = blob.diff_to_add_to() if self.has_weights else (blob.diff, False)
        out.add_(slopes) if add else out.copy_(slopes.reshape(out.shape))

    def _slopes(self, rows: torch.Tensor, others: torch.Tensor, diff: torch.Tensor) -> torch.Tensor:
        """The gradient by `rows` of their distances to `others`, given the diff (rows, others)."""
        if self.norm == 2:
            return (rows * diff.sum(1, keepdim=True) - diff @ others).mul_(2)
        with torch.enable_grad():
            wanted = rows.detach().requires_grad_()
            return torch.autograd.grad(self._distances(wanted, others), wanted, diff)[0]
