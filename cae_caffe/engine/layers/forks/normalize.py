"""Normalize: vectors of length 1, as SSD and ParseNet have it with a learned scale, and NormFace without."""

from __future__ import annotations

import math

import torch

from .... import schema
from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import shape_string
from ...layer import between
from ..registry import register
from .axes import four_axes

NORMFACE_EPS = 1e-6     # under NormFace's root, or added to its sum of magnitudes


@register("Normalize")
class Normalize(AutogradLayer):
    """Two layers of one name; the fields, tops and parameters that are given say which.

    SSD's (`norm_param`): y = scale x / sqrt(sum x^2 + eps), the sum over all of an image with `across_spatial`, else
    over the channels of each pixel; scale, one learned value or one for each channel, is 1 without a `scale_filler`
    (src/caffe/layers/normalize_layer.cpp). The fork divides by the scale for its gradient; here a scale of 0 has one.

    NormFace's (`normalize_param`, in its first version `softmax_param`, or a second top): y = x / norm over the
    channels of each pixel, where norm, which a second top shows, is sqrt(sum x^2 + 1e-6), or sum |x| + 1e-6 for the
    `normalize_type` L1; the tops have four axes. The norm's own diff counts with `bp_norm`; with `fix_gradient` the
    gradient of y is not divided by the norm, as in the fork on a GPU (src/caffe/layers/normalize_layer.cpp and .cu).
    """

    tops = between(1, 2)

    def setup(self, bottom, top):
        shape = bottom[0].shape
        if len(shape) < 2:
            raise InputError(f"its bottom has shape {shape_string(shape)}, and it normalizes channels; give a bottom "
                             "of 2 to 4 axes.")
        self.is_ssds = self._is_ssds(four_axes(shape), len(top))
        first = self.param.softmax_param
        holder = first if first.has("normalize_type") else self.param.normalize_param
        self.kind = holder.normalize_type
        if self.is_ssds:
            self._setup_scale(shape[1])
        elif self.kind not in ("L1", "L2"):
            raise InputError(f"its `normalize_type` is `{self.kind}`; give L1 or L2.")

    def _is_ssds(self, shape, tops: int) -> bool:
        has_ssds = self.param.has("norm_param")
        has_normfaces = self.param.has("normalize_param") or self.param.softmax_param.has("normalize_type")
        if has_ssds and has_normfaces:
            raise InputError("it has `norm_param`, which is SSD's, and `normalize_param`, which is NormFace's; give "
                             "one of them.")
        if has_ssds and tops > 1:
            raise InputError("it has `norm_param`, as SSD's layer, and 2 tops, of which only NormFace's layer has the "
                             "second, the norm; take the one or the other away.")
        if has_ssds or has_normfaces or tops > 1:
            return has_ssds
        if len(self.param.param):
            return True
        if math.prod(shape[2:]) != 1:
            raise InputError("it says neither `norm_param { across_spatial: true }`, by which SSD's fork normalizes "
                             "whole images, nor `normalize_param { normalize_type: \"L2\" }`, by which NormFace's "
                             f"normalizes each pixel, and of its bottom, of shape {shape_string(shape)}, they make "
                             "different things; add the one that is meant.")
        return False

    def _setup_scale(self, channels: int) -> None:
        param = self.param.norm_param
        filler = param.scale_filler if param.has("scale_filler") else schema.view(
            schema.FillerParameter(type="constant", value=1))
        self.add_parameter(() if param.channel_shared else (channels,), filler)

    def needs_diff(self, index):
        fixed = self.is_ssds and self.param.norm_param.fix_scale
        return not fixed and super().needs_diff(index)

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        if self.is_ssds:
            channels = self.blobs[0].count
            if not self.param.norm_param.channel_shared and channels != shape[1]:
                raise InputError(f"its bottom has shape {shape_string(shape)}, and its scale is of {channels} "
                                 "channels; leave the channels as many as when the net was built.")
            return [shape]
        number, channels, height, width = four_axes(shape)
        return [(number, channels, height, width), (number, 1, height, width)]

    def compute(self, bottoms, params):
        if self.is_ssds:
            return [self._scaled(bottoms[0], params[0])]
        return self._of_normface(bottoms[0].reshape(four_axes(bottoms[0].shape)))

    def _scaled(self, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        param = self.param.norm_param
        axes = list(range(1, x.dim())) if param.across_spatial else [1]
        unit = x / (x.square().sum(axes, keepdim=True) + param.eps).sqrt()
        return unit * (scale if param.channel_shared else scale.view(-1, *(1,) * (x.dim() - 2)))

    def _of_normface(self, x: torch.Tensor) -> list[torch.Tensor]:
        param = self.param.normalize_param
        if self.kind == "L2":
            norm = (x.square().sum(1, keepdim=True) + NORMFACE_EPS).sqrt()
        else:
            norm = x.abs().sum(1, keepdim=True) + NORMFACE_EPS
        unit = x / norm
        if param.fix_gradient:
            constant = unit.detach()
            unit = constant + (unit - constant) * norm.detach()     # the value of unit, and its gradient times norm
        return [unit, norm if param.bp_norm else norm.detach()]
