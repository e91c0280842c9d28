"""ConvolutionDepthwise and DepthwiseConvolution: a kernel of its own for each channel."""

from __future__ import annotations

from ....errors import InputError
from ....printing import counted
from ...layer import exactly
from ..convolution import Convolution
from ..registry import register


@register("DepthwiseConvolution")
class DepthwiseConvolution(Convolution):
    """A Convolution, which as depthwise one has as many groups and outputs as channels (MobileNet-YOLO's
    src/caffe/layers/depthwise_conv_layer.cpp).

    On a GPU the fork computes as if `group` were the number of channels and `dilation` 1, whatever they are; here all
    devices compute what its CPU does.
    """


@register("ConvolutionDepthwise")
class ConvolutionDepthwise(Convolution):
    """A Convolution of images with as many groups and outputs as these have channels, which `group` and `num_output`
    may say; weights are (channels, 1, kernel height, kernel width) (farmingyard/caffe-mobilenet's conv_dw_layer.cpp).
    """

    bottoms = exactly(1)
    tops = exactly(1)

    def _set_channels(self, channels):
        param = self.param.convolution_param
        if self.axis != 1 or self.spatial_axes != 2:
            raise InputError(f"its `axis` is {param.axis}, and its bottom has {self.axis + 1 + self.spatial_axes} axes;"
                             " the bottom must be images of four axes, with their channels on axis 1.")
        for name, number, without in (("num_output", param.num_output, 0), ("group", param.group, 1)):
            if number not in (without, channels):
                raise InputError(f"its `{name}` is {number}, and its bottom has {counted(channels, 'channel')}, each "
                                 f"of which has a kernel and an output of its own; give `{name}: {channels}`, or none.")
        if not channels:
            raise InputError("its bottom has no channels; give it at least one.")
        self.channels = self.outputs = self.group = channels
