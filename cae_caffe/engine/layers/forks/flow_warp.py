"""FlowWarp: an image taken from where a flow points."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import require_images, shape_string
from ...layer import exactly
from ..registry import register


@register("FlowWarp")
class FlowWarp(AutogradLayer):
    """top[n, c, y, x] = bottom0[n, c, y + v, x + u], interpolated between four pixels, with the flow (u, v) =
    bottom1[n, 0, y, x], bottom1[n, 1, y, x] in pixels.

    Where that points outside, to x + u < 0 or x + u >= width or the like, or is no number, the top is 0 or, with
    `fill_value: NOT_A_NUMBER`, NaN, and neither bottom gets a gradient. Between the last pixel and the width the last
    pixel counts (FlowNet2's src/caffe/layers/flow_warp_layer.cpp, of which the CPU leaves an old gradient of the flow
    where it points outside; here, as on its GPU, it is 0).
    """

    bottoms = exactly(2)

    def setup(self, bottom, top):
        self.fill = 0.0 if self.param.flow_warp_param.fill_value == "ZERO" else float("nan")

    def shapes(self, bottom_shapes):
        image, flow = bottom_shapes
        require_images(image, "FlowWarp")
        if flow != (image[0], 2, *image[2:]):
            raise InputError(f"its bottoms have shapes {shape_string(image)} and {shape_string(flow)}; the second must "
                             f"be the flow, {shape_string((image[0], 2, *image[2:]))}: as many images of the same size "
                             "as the first, with 2 channels.")
        return [image]

    def compute(self, bottoms, params):
        image, flow = bottoms
        if not image.numel():
            return [image + 0 * flow.sum()]
        number, channels, height, width = image.shape
        x = flow[:, 0] + torch.arange(width, dtype=flow.dtype, device=flow.device)
        y = flow[:, 1] + torch.arange(height, dtype=flow.dtype, device=flow.device)[:, None]
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y = torch.where(inside, x, 0), torch.where(inside, y, 0)
        left, upper = x.detach().floor(), y.detach().floor()
        to_right, to_lower = (x - left)[:, None], (y - upper)[:, None]      # parts of a pixel
        pixels = image.reshape(number, channels, height * width)

        def at(column, row):
            place = row.clamp(max=height - 1).long() * width + column.clamp(max=width - 1).long()
            return pixels.gather(2, place.reshape(number, 1, -1).expand(-1, channels, -1)).reshape(image.shape)

        upper_row = at(left, upper) * (1 - to_right) + at(left + 1, upper) * to_right
        lower_row = at(left, upper + 1) * (1 - to_right) + at(left + 1, upper + 1) * to_right
        return [torch.where(inside[:, None], upper_row * (1 - to_lower) + lower_row * to_lower, self.fill)]
