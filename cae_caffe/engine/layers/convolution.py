"""Convolution and Deconvolution."""

from __future__ import annotations

import math
from typing import ClassVar

import torch

from ...errors import InputError
from .. import lowering
from ..blob import Shape, canonical_axis, shape_string
from ..general_kernel import GeneralKernel
from ..layer import Layer, at_least
from ..volume_kernel import VolumeKernel
from .registry import register


class ConvolutionLayer(Layer):
    """The parameters and shapes that both directions share (src/caffe/layers/base_conv_layer.cpp).

    The axes behind the channel `axis` are spatial, any number of them; those before it are the batch. Weights are
    (outputs, inputs / group, kernel ...), for Deconvolution (inputs, outputs / group, kernel ...); biases (outputs,).
    """

    bottoms = at_least(1)
    tops = at_least(1)
    as_many_tops_as_bottoms = True
    transposed: ClassVar[bool]

    def setup(self, bottom, top):
        param, shape = self.param.convolution_param, bottom[0].shape
        self.axis = canonical_axis(param.axis, shape)
        self.spatial_axes = len(shape) - self.axis - 1
        self.kernel = self._lengths("kernel_size", ("kernel_h", "kernel_w"), default=None, least=1)
        self.stride = self._lengths("stride", ("stride_h", "stride_w"), default=1, least=1)
        self.pad = self._lengths("pad", ("pad_h", "pad_w"), default=0, least=0)
        self.dilation = self._lengths("dilation", (), default=1, least=1)
        self._set_channels(shape[self.axis])
        ends = (self.channels, self.outputs) if self.transposed else (self.outputs, self.channels)
        self.add_parameter((ends[0], ends[1] // self.group) + self.kernel, param.weight_filler)
        if param.bias_term:
            self.add_parameter((self.outputs,), param.bias_filler)

    def _lengths(self, name: str, pair: tuple[str, ...], default: int | None, least: int) -> Shape:
        """One length for each spatial axis, from the repeated field `name` or the `pair` for height and width."""
        param, number = self.param.convolution_param, self.spatial_axes
        given = getattr(param, name)
        if any(map(param.has, pair)):
            if number != 2 or given:
                names = " or ".join(f"`{field}`" for field in pair)
                raise InputError(f"it gives {names} and has {number} spatial axes and {len(given)} "
                                 f"`{name}`; that pair is for two spatial axes, instead of `{name}`.")
            lengths = tuple(getattr(param, field) for field in pair)
        elif given or default is not None or number == 0:
            if len(given) not in (0, 1, number):
                raise InputError(f"it gives `{name}` {len(given)} times; give it once, or once for each of the "
                                 f"{number} spatial axes.")
            lengths = tuple(given or (default,)) * (number if len(given) <= 1 else 1)
        else:
            raise InputError(f"it gives no `{name}`; give it once, or once for each of the {number} spatial axes.")
        if min(lengths, default=least) < least:
            raise InputError(f"its `{name}` is {list(lengths)}; each length must be at least {least}.")
        return tuple(lengths)

    def _set_channels(self, channels: int) -> None:
        param = self.param.convolution_param
        self.channels, self.outputs, self.group = channels, param.num_output, param.group
        if self.outputs < 1:
            raise InputError("its `num_output` is 0; give the number of maps, at least 1.")
        if self.group < 1 or self.channels % self.group or self.outputs % self.group:
            raise InputError(f"its {self.channels} input channels and {self.outputs} outputs cannot be shared out "
                             f"among `group: {self.group}`; both must be multiples of it.")

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        for other in bottom_shapes[1:]:
            if other != shape:
                raise InputError(f"its bottoms have shapes {shape_string(shape)} and {shape_string(other)}; they must "
                                 "agree.")
        if len(shape) != self.axis + 1 + self.spatial_axes or shape[self.axis] != self.channels:
            raise InputError(f"its bottom now has shape {shape_string(shape)}, and its weights were made for "
                             f"{self.channels} channels on axis {self.axis} and {self.spatial_axes} spatial axes; "
                             "these cannot change.")
        if 0 in shape[self.axis + 1:]:
            raise InputError(f"its bottom has shape {shape_string(shape)}, images without a pixel; give the spatial "
                             "axes a length of at least 1.")
        outputs = tuple(map(self.output_length, shape[self.axis + 1:], self.kernel, self.stride, self.pad,
                            self.dilation))
        if min(outputs, default=1) < 1:
            raise InputError(f"its kernel {list(self.kernel)} does not fit into a bottom of shape "
                             f"{shape_string(shape)}: the top would be {list(outputs)}; use a smaller kernel, or pad.")
        return [shape[:self.axis] + (self.outputs,) + outputs] * len(bottom_shapes)

    def output_length(self, length: int, kernel: int, stride: int, pad: int, dilation: int) -> int:
        """The top's length along a spatial axis on which the bottom has `length`."""
        raise NotImplementedError

    def reshape(self, bottom, top):
        super().reshape(bottom, top)
        shape = bottom[0].shape
        # One spatial axis is two with a height of one, and none is an image of one pixel.
        fill = (1,) * max(0, 2 - self.spatial_axes)
        self._batch = math.prod(shape[:self.axis])
        self._spatial = (fill + shape[self.axis + 1:], fill + top[0].shape[self.axis + 1:])
        self._weight_shape = self.blobs[0].shape[:2] + fill + self.kernel
        self._chosen = None

    @property
    def _method(self):
        """The kernel that computes; chosen late, when the net knows whether the bottom's diff is wanted."""
        if self._chosen is None:
            self._chosen = self._images_kernel() if self.spatial_axes < 3 else self._kernel_of_more_axes()
        return self._chosen

    def _images_kernel(self):
        def pair(lengths: Shape, filling: int) -> tuple[int, int]:
            of_height, of_width = (filling,) * (2 - self.spatial_axes) + lengths
            return of_height, of_width

        height, width = self._spatial[0]
        geometry = lowering.ConvolutionGeometry(
            transposed=self.transposed, batch=self._batch, in_channels=self.channels, in_height=height,
            in_width=width, out_channels=self.outputs, kernel=pair(self.kernel, 1), stride=pair(self.stride, 1),
            pad=pair(self.pad, 0), dilation=pair(self.dilation, 1), group=self.group,
            has_bias=len(self.blobs) > 1, needs_bottom_diff=any(self.propagates_down))
        return lowering.choose(geometry, force_native=self.context.native_kernels, device=self.blobs[0].data.device,
                               scratch=self.context.scratch)

    def _kernel_of_more_axes(self):
        kernel = VolumeKernel if self.spatial_axes == 3 else GeneralKernel
        return kernel(self.transposed, self.stride, self.pad, self.dilation, self.group)

    def operations(self, bottom, top):
        # Each place of the kernel, a value of one channel on the smaller side, meets all weights.
        places = self._batch * math.prod(self._spatial[0 if self.transposed else 1])
        return 2 * places * self.blobs[0].count * len(bottom)

    def is_replayable(self):
        """If lowered: the native kernels return new memory, which would have to be copied once more."""
        return self._method.replayable

    def wants_rows_first(self):
        return self._method.rows_first

    def forget(self):
        if self._chosen is not None:
            self._chosen.forget()

    def compute(self, bottoms, params):
        bias = params[1] if len(params) > 1 else None
        weight = params[0].reshape(self._weight_shape)
        shapes = self.shapes([tuple(bottom.shape) for bottom in bottoms])
        return [self._result(self._input(bottom), weight, bias).reshape(shape)
                for bottom, shape in zip(bottoms, shapes)]

    def _result(self, images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """The top, as images, in differentiable operations."""
        if isinstance(self._method, GeneralKernel):
            return self._method.result(images, weight, bias, (self._batch, self.outputs, *self._spatial[1]))
        fill = len(self._weight_shape) - 2 - self.spatial_axes
        options = ((1,) * fill + self.stride, (0,) * fill + self.pad, (1,) * fill + self.dilation)
        return torch.ops.aten.convolution(images, weight, bias, *options, self.transposed, (0,) * len(options[0]),
                                          self.group)

    def forward(self, bottom, top):
        weight, bias = self._weights()
        for x, y in zip(bottom, top):
            self._method.forward(self._input(x.data), weight, bias, self._output(y.data))

    def backward(self, top, propagate_down, bottom):
        weight, _ = self._weights()
        for i, (x, y) in enumerate(zip(bottom, top)):
            gradients = self._parameter_diffs()
            if propagate_down[i]:
                gradients["bottom_diff"] = self._input(x.diff)
            if gradients:
                self._method.backward(self._output(y.diff), self._input(x.data), weight, **gradients)

    def _parameter_diffs(self) -> dict:
        """The parameters' diffs for the kernel to write or to add to; it does the one or the other for both."""
        targets = {name: self.blobs[i].diff_to_add_to()
                   for i, name in enumerate(["weight_diff", "bias_diff"][:len(self.blobs)]) if self.needs_diff(i)}
        add = any(adds for _, adds in targets.values())
        gradients = {}
        for name, (diff, adds) in targets.items():
            if add and not adds:
                diff.zero_()
            gradients[name] = diff.view(self._weight_shape) if name == "weight_diff" else diff
        return {**gradients, "accumulate": add} if gradients else {}

    def _weights(self):
        bias = self.blobs[1].data if len(self.blobs) > 1 else None
        return self.blobs[0].data.view(self._weight_shape), bias

    def _input(self, tensor):
        return self._as_images(tensor, self.channels, self._spatial[0])

    def _output(self, tensor):
        return self._as_images(tensor, self.outputs, self._spatial[1])

    def _as_images(self, tensor, channels: int, spatial: Shape):
        """The tensor with one batch axis and at least two spatial ones."""
        shape = (self._batch, channels) + spatial
        return tensor if tensor.shape == shape else tensor.view(shape)


@register("Convolution")
class Convolution(ConvolutionLayer):
    """Cross-correlation with each of `num_output` kernels (src/caffe/layers/conv_layer.cpp)."""

    transposed = False

    def output_length(self, length, kernel, stride, pad, dilation):
        extent = dilation * (kernel - 1) + 1
        return (length + 2 * pad - extent) // stride + 1


@register("Deconvolution")
class Deconvolution(ConvolutionLayer):
    """The convolution's gradient as a layer of its own: each bottom value stamps a kernel (deconv_layer.cpp)."""

    transposed = True

    def output_length(self, length, kernel, stride, pad, dilation):
        extent = dilation * (kernel - 1) + 1
        return stride * (length - 1) + extent - 2 * pad
