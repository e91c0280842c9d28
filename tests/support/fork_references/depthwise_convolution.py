"""ConvolutionDepthwise (farmingyard/caffe-mobilenet, conv_dw_layer.cpp) and DepthwiseConvolution
(eric612/MobileNet-YOLO, src/caffe/layers/depthwise_conv_layer.cpp).
"""

from __future__ import annotations

import numpy as np


def depthwise_convolution(bottom, weight, bias=None, *, stride=(1, 1), pad=(0, 0), dilation=(1, 1)):
    """Each channel correlated with its own kernel: weight (C, 1, h, w), bias (C). The backward is the derivative.

    ConvolutionDepthwise takes neither num_output nor group, which are C both. DepthwiseConvolution is Convolution with
    a `group`, which its nets give: C; its GPU code is this, too, but overlooks the dilation and, at a bottom that is
    smaller than the kernel, takes the wrong part of this.
    """
    kernel = weight.shape[2:]
    height, width = ((length + 2 * outside - (apart * (taps - 1) + 1)) // step + 1
                     for length, outside, apart, taps, step in zip(bottom.shape[2:], pad, dilation, kernel, stride))
    padded = np.pad(bottom, ((0, 0), (0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
    top = np.zeros((*bottom.shape[:2], height, width))
    for c, y, x in np.ndindex(bottom.shape[1], height, width):
        for i, j in np.ndindex(*kernel):
            row, column = y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]
            top[:, c, y, x] += weight[c, 0, i, j] * padded[:, c, row, column]
        top[:, c, y, x] += 0 if bias is None else bias[c]
    return top
