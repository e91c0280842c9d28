"""InnerProduct: the fully connected layer."""

from __future__ import annotations

import math

import torch

from ...errors import InputError
from ..blob import Blob, canonical_axis, shape_string
from ..layer import Layer, between
from ..traits import Traits
from .registry import register

WEIGHTS_AXES = 2
NEVER_ZERO = 1e-6       # `normalize` adds it to the sum of squares by whose root it divides


@register("InnerProduct")
class InnerProduct(Layer):
    """y = x W^T + b, or x W + b with `transpose`; axes from `axis` on are one vector each.

    W is (num_output, inputs), or (inputs, num_output) with `transpose`; b is (num_output,), if `bias_term`. In a net of
    2015 y may have two axes of length 1 more, which a `reshape_param` says (schema/upgrade/inner_products.py).
    (src/caffe/layers/inner_product_layer.cpp)

    In NormFace's fork (happynear/caffe-windows) W can be a second bottom, with `bias_term: false`; and with `normalize`
    each forward pass first divides the rows of a W that is the layer's by their lengths.
    """

    bottoms = between(1, 2)

    traits = Traits(replayable=True)

    def setup(self, bottom, top):
        param = self.param.inner_product_param
        self.outputs = param.num_output
        self.has_weights = len(bottom) == 1
        if not self.has_weights:
            self._take_weights(bottom)
            return
        if self.outputs < 1:
            raise InputError("its `num_output` is 0; give the number of outputs, at least 1.")
        self.axis = canonical_axis(param.axis, bottom[0].shape)
        self.inputs = math.prod(bottom[0].shape[self.axis:])
        self.has_bias = param.bias_term
        self.axes_behind = (1, 1) if self.param.has("reshape_param") else ()
        shape = (self.outputs, self.inputs)
        self.add_parameter(shape[::-1] if param.transpose else shape, param.weight_filler)
        if self.has_bias:
            self.add_parameter((self.outputs,), param.bias_filler)
        self._ordered = torch.empty(0)
        if param.normalize and param.transpose:
            raise InputError("`normalize: true` and `transpose: true` do not go together: in the fork that has the "
                             "former it normalizes no rows; leave one out.")

    def _take_weights(self, bottom: list[Blob]) -> None:
        param = self.param.inner_product_param
        if param.bias_term or param.transpose:
            raise InputError("its second bottom is its weights, and with them it takes neither a bias nor `transpose`; "
                             "give `bias_term: false`.")
        self.axis = canonical_axis(param.axis, bottom[0].shape)
        self.inputs = math.prod(bottom[0].shape[self.axis:])
        self.has_bias, self.axes_behind, self._ordered = False, (), torch.empty(0)

    def is_replayable(self):
        return self.has_weights and not self.param.inner_product_param.normalize

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        if not self.has_weights:
            weights = bottom_shapes[1]
            if len(weights) != WEIGHTS_AXES or weights[1] != math.prod(shape[self.axis:]):
                raise InputError(f"its second bottom has shape {shape_string(weights)}; it is its weights, and must be "
                                 f"(outputs, {math.prod(shape[self.axis:])}).")
            self.outputs, self.inputs = weights
        inputs = math.prod(shape[self.axis:])
        if inputs != self.inputs:
            raise InputError(f"its bottom now has {inputs} values a row, and its weights were made for {self.inputs}; "
                             "reshape the net's input so that the rows keep their length.")
        return [shape[:self.axis] + (self.outputs,) + self.axes_behind]

    def operations(self, bottom, top):
        return 2 * bottom[0].count * self.outputs

    def compute(self, bottoms, params):
        if self.has_weights and self.param.inner_product_param.normalize:        # which changes its weights
            return super().compute(bottoms, params)
        rows = bottoms[0].reshape(bottoms[0].shape[:self.axis] + (self.inputs,))
        result = rows @ self._weight(params[0] if self.has_weights else bottoms[1])
        if self.has_bias:
            result = result + params[1]
        return [result.reshape(result.shape + self.axes_behind) if self.axes_behind else result]

    def forward(self, bottom, top):
        if self.has_weights and self.param.inner_product_param.normalize:
            weights = self.blobs[0].data
            weights.div_((weights.square().sum(1, keepdim=True) + NEVER_ZERO).sqrt_())
        out, weight = top[0].data.view(-1, self.outputs), self._weight(self._weights(bottom).data)
        if self.has_bias:
            torch.addmm(self.blobs[1].data, self._rows(bottom[0]), weight, out=out)
        else:
            torch.mm(self._rows(bottom[0]), weight, out=out)

    def backward(self, top, propagate_down, bottom):
        diff = top[0].diff.view(-1, self.outputs)
        if self.needs_diff(0) if self.has_weights else propagate_down[1]:
            target, add = self.blobs[0].diff_to_add_to() if self.has_weights else (bottom[1].diff, False)
            target = self._weight(target)
            rows = self._rows(bottom[0])
            target.addmm_(rows.t(), diff) if add else torch.mm(rows.t(), diff, out=target)
        if self.has_bias and self.needs_diff(1):
            target, add = self.blobs[1].diff_to_add_to()
            target.add_(diff.sum(0)) if add else torch.sum(diff, 0, out=target)
        if propagate_down[0]:
            self._write_bottom_diff(diff, bottom[0], self._weight(self._weights(bottom).data).t())

    def _weights(self, bottom: list[Blob]) -> Blob:
        return self.blobs[0] if self.has_weights else bottom[1]

    def _weight(self, tensor: torch.Tensor) -> torch.Tensor:
        """The weights, or their gradients, as (inputs, outputs)."""
        return tensor if self.param.inner_product_param.transpose else tensor.t()

    def _rows(self, blob: Blob) -> torch.Tensor:
        """The bottom as (rows, inputs); values stored in another order are copied into order."""
        if not blob.rows_first:
            return blob.data.view(-1, self.inputs)
        self._buffer(blob).copy_(blob.data)
        return self._ordered.view(-1, self.inputs)

    def _write_bottom_diff(self, diff: torch.Tensor, blob: Blob, weight: torch.Tensor) -> None:
        if not blob.rows_first:
            torch.mm(diff, weight, out=blob.diff.view(-1, self.inputs))
        else:
            torch.mm(diff, weight, out=self._buffer(blob).view(-1, self.inputs))
            blob.diff.copy_(self._ordered)

    def _buffer(self, blob: Blob) -> torch.Tensor:
        if self._ordered.shape != blob.shape:
            self._ordered = torch.empty(blob.shape, device=blob.data.device)
        return self._ordered
