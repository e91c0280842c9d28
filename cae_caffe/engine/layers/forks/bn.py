"""BN: channels of zero mean and unit variance, scaled and shifted; SegNet's layer, and PSPNet's of the same name."""

from __future__ import annotations

import torch

from .... import schema
from ....errors import InputError
from ...blob import Blob, shape_string
from ...layer import Layer, between
from ...traits import Traits
from ..buffers import KeptInput, keep
from ..registry import register

aten = torch.ops.aten

SEGNETS = ("scale_filler", "shift_filler", "bn_mode")
PSPNETS = ("slope_filler", "bias_filler", "momentum", "eps", "frozen", "engine")
SEGNETS_EPS = 1e-9
SEGNETS_PARAMETERS = 2      # scale and shift
PSPNETS_PARAMETERS = 4      # slope, bias, and the running averages of means and variances


@register("BN")
class BN(Layer):
    """y = scale (x - mean) / sqrt(variance + eps) + shift, for each channel, axis 1.

    Two families of forks mean two layers by it; the fields of `bn_param` tell which.

    SegNet's, also ENet's and DeconvNet's (alexgkendall/caffe-segnet's src/caffe/layers/bn_layer.cpp), has
    `scale_filler`, `shift_filler` and `bn_mode`. With LEARN, in both phases, mean and variance are the batch's, eps is
    1e-9, and a second and a third top hold mean and variance, (1, C, 1, 1); what becomes of these tops does not count
    for the gradient. With INFERENCE y = scale x + shift. Blobs: scale and shift.

    PSPNet's, also ICNet's and TSN's (hszhao/PSPNet's and yjxiong/caffe's file of that name), has `slope_filler`,
    `bias_filler`, `momentum`, `eps` and `frozen`. In phase TRAIN mean and variance are the batch's, and the running
    averages become `momentum` times themselves and (1 - `momentum`) times these. In phase TEST, and if it is `frozen`,
    the averages are mean and variance. The solver never updates the averages, nor, if `frozen`, slope and bias. Blobs:
    slope, bias, the average mean and the average variance, which begins as 1 if `frozen`, else as 0.

    All variances are the biased ones; cuDNN's averages, in forks that are built with it, are of unbiased ones. What is
    corrected: SegNet's parameters keep the gradient of the last of `iter_size` passes alone, and INFERENCE in place
    takes its scale's from values that are overwritten; PSPNet's gradient in phase TEST is as if the averages were the
    batch's.

    The blobs are (1, C, 1, 1); those that yjxiong/caffe and happynear/caffe-windows store, (1, C), fit as well.
    """

    traits = Traits(runs_in_place=True)
    tops = between(1, 3)

    @classmethod
    def unsupported(cls, param):
        bn_param = param.bn_param
        segnets, pspnets = ([name for name in names if bn_param.has(name)] for names in (SEGNETS, PSPNETS))
        if segnets and pspnets:
            return [(f"its `bn_param` has `{segnets[0]}`, a field of SegNet's BN, and `{pspnets[0]}`, one of PSPNet's, "
                     "which is another layer")]
        if not segnets and not pspnets:
            return [("SegNet's Caffe and PSPNet's have different layers BN, and its `bn_param` has no field that tells "
                     "them apart; give `--fork segnet` or `--fork pspnet`, or say so in a line `# fork: segnet` or "
                     "`# fork: pspnet` of the file")]
        return []

    @classmethod
    def complete(cls, message):
        if not _is_pspnets(message.bn_param.HasField):
            return
        while len(message.param) < PSPNETS_PARAMETERS:
            message.param.add()
        for number, spec in enumerate(message.param):
            if number >= SEGNETS_PARAMETERS or message.bn_param.frozen:
                spec.lr_mult = spec.decay_mult = 0

    def counts(self):
        gives_statistics = not _is_pspnets(self.param.bn_param.has) and self.param.bn_param.bn_mode == "LEARN"
        return self.bottoms, between(1, 3 if gives_statistics else 1)

    def also_stored_as(self, index):
        return [(1, self.channels), (self.channels,)]

    def setup(self, bottom, top):
        param, shape = self.param.bn_param, bottom[0].shape
        if len(shape) < 2:
            raise InputError(f"its bottom has shape {shape_string(shape)}; it needs two axes or more, of which axis 1 "
                             "is the channels.")
        self.channels = shape[1]
        self.has_averages = _is_pspnets(param.has)
        self._is_frozen = self.has_averages and param.frozen
        fillers = (param.slope_filler, param.bias_filler) if self.has_averages else (param.scale_filler,
                                                                                      param.shift_filler)
        for filler in fillers:
            self.add_parameter((1, self.channels, 1, 1), filler)
        if self.has_averages:
            self._set_up_averages()
        else:
            self.eps, self.by_batch = SEGNETS_EPS, param.bn_mode == "LEARN"
        self._input = KeptInput()       # what the backward pass needs: the bottom, and what normalised it
        self._mean = self._variance = torch.empty(0)

    def _set_up_averages(self) -> None:
        param = self.param.bn_param
        if not param.eps >= 0:
            raise InputError(f"its `eps` is {param.eps:g}; it must be at least 0.")
        self.eps, self.by_batch = param.eps, self.param.phase == "TRAIN" and not self._is_frozen
        for start in (0, int(self._is_frozen)):
            self.add_parameter((1, self.channels, 1, 1), schema.view(schema.FillerParameter(value=start)))

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        if len(shape) < 2 or shape[1] != self.channels:
            raise InputError(f"its bottom now has shape {shape_string(shape)}, and its parameters were made for "
                             f"{self.channels} channels on axis 1; reshape the net's input so that they stay.")
        return [shape, *[(1, self.channels, 1, 1)] * 2]

    def forward(self, bottom, top):
        self._input.keep(bottom[0], top[0])
        data, out = bottom[0].data, top[0].data
        scale, shift = (self._spread(blob.data, data) for blob in self.blobs[:2])
        if not self.by_batch and not self.has_averages:
            torch.addcmul(shift, data, scale, out=out)
            return
        self._find_statistics(data)
        for blob, values in zip(top[1:], (self._mean, self._variance)):
            blob.data.copy_(values.view(blob.shape))
        torch.sub(data, self._spread(self._mean, data), out=out)
        torch.addcmul(shift, out, scale * self._spread(self._variance + self.eps, data).rsqrt(), out=out)

    def _find_statistics(self, data: torch.Tensor) -> None:
        """The mean and the variance of each channel that normalise `data`; the batch's become part of the averages."""
        averages = [blob.data.view(-1) for blob in self.blobs[2:]]
        if self.by_batch and not data.numel():
            mean = variance = torch.zeros_like(self.blobs[0].data).view(-1)
            averages = []       # nothing is added to them
        else:
            mean, variance = torch.batch_norm_update_stats(data, None, None, 0.0) if self.by_batch else averages
        self._mean, self._variance = keep(self._mean, mean), keep(self._variance, variance)
        if self.by_batch:
            momentum = self.param.bn_param.momentum
            for average, values in zip(averages, (mean, variance)):
                average.mul_(momentum).add_(values, alpha=1 - momentum)

    def _spread(self, values: torch.Tensor, data: torch.Tensor) -> torch.Tensor:
        """One value a channel, so that it multiplies `data`, or adds to it."""
        return values.view(1, self.channels, *[1] * (data.dim() - 2))

    def backward(self, top, propagate_down, bottom):
        wanted = [propagate_down[0], *(not self._is_frozen and self.needs_diff(i) for i in range(2))]
        data, diff, scale = self._input.of(bottom[0], top[0]), top[0].diff, self.blobs[0].data.view(-1)
        if not data.numel():
            return
        if self.by_batch:
            gradients = aten.native_batch_norm_backward(diff, data, scale, None, None, self._mean,
                                                        (self._variance + self.eps).rsqrt_(), True, self.eps, wanted)
        elif self.has_averages:
            gradients = aten.native_batch_norm_backward(diff, data, scale, self._mean, self._variance, None, None,
                                                        False, self.eps, wanted)
        else:
            zero, one = torch.zeros_like(scale), torch.ones_like(scale)
            gradients = aten.native_batch_norm_backward(diff, data, scale, zero, one, None, None, False, 0.0, wanted)
        for blob, gradient, is_wanted in zip(self.blobs, gradients[1:], wanted[1:]):
            if is_wanted:
                _add(gradient, blob)
        if wanted[0]:
            bottom[0].diff.copy_(gradients[0])


def _is_pspnets(has) -> bool:
    """Whether a `bn_param` is of PSPNet's kind, by what tells whether it has a field."""
    return any(has(name) for name in PSPNETS)


def _add(gradient: torch.Tensor, blob: Blob) -> None:
    """Add to the diff of a parameter."""
    diff, add = blob.diff_to_add_to()
    gradient = gradient.view(blob.shape)
    diff.add_(gradient) if add else diff.copy_(gradient)
