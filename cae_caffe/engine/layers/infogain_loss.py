"""InfogainLoss: the cross entropy with the softmax of the predictions, each label standing for a row of weights."""

from __future__ import annotations

import torch

from ... import schema
from ...errors import InputError
from .. import blob_proto, log
from ..blob import Shape, shape_string
from ..layer import between
from .labels import Classes, Labels, ignored_label
from .loss import LOG_THRESHOLD, LossLayer, normalization_divisor, normalization_mode
from .registry import register


@register("InfogainLoss")
class InfogainLoss(LossLayer):
    """-sum(H[label] . log p), divided as `loss_param` says, by default by the number of labels that are not ignored.

    p is the softmax along `axis`, which a second top shows. H, of classes x classes values, is a third bottom or the
    binary BlobProto in the file `source`. (src/caffe/layers/infogain_loss_layer.cpp)
    """

    bottoms = between(2, 3)
    tops = between(1, 2)

    def setup(self, bottom, top):
        loss_param = self.param.loss_param
        if loss_param.has("normalize"):
            raise InputError("it gives `normalize`, which InfogainLoss does not take; give `normalization`.")
        self.mode = normalization_mode(loss_param, "VALID")
        self.pre_fixed = loss_param.pre_fixed_normalizer
        log.creating_layer(self.name)       # the softmax
        self.ignored = ignored_label(loss_param)
        self._stored = self._read_matrix(bottom[0].data.device) if len(bottom) == 2 else torch.empty(0)

    def _read_matrix(self, device) -> torch.Tensor:
        param = self.param.infogain_loss_param
        if not param.has("source"):
            raise InputError("it has no matrix: give it as a third bottom, or as `source` the path of a binary "
                             "BlobProto.")
        stored = schema.read_binary(param.source, schema.BlobProto)
        return torch.from_numpy(blob_proto.values(stored, name=f"its `source` {param.source}")).to(device)

    def shapes(self, bottom_shapes):
        loss_shape = super().shapes(bottom_shapes)
        first, second = bottom_shapes[:2]
        self.classes = Classes.of(self.param.infogain_loss_param.axis, first, second)
        self._check_matrix(bottom_shapes[2] if len(bottom_shapes) == 3 else tuple(self._stored.shape))
        self._probabilities = torch.empty(0)
        return loss_shape + [first]

    def _check_matrix(self, shape: Shape) -> None:
        wanted = self.classes.number
        if torch.Size(shape).numel() != wanted ** 2:
            raise InputError(f"its matrix has shape {shape_string(shape)}; with {wanted} classes it must have "
                             f"{wanted} x {wanted} values.")

    def forward(self, bottom, top):
        if self._probabilities.shape != bottom[0].shape:
            self._probabilities = torch.empty(bottom[0].shape, device=bottom[0].data.device)
        torch.softmax(bottom[0].data, self.classes.axis, out=self._probabilities)
        if len(top) == 2:
            top[1].data.copy_(self._probabilities)
        top[0].data_memory.defer(lambda: self._write_loss(bottom, top[0].data))

    def _write_loss(self, bottom, out: torch.Tensor) -> None:
        labels, weights = self._weights(bottom)
        logarithms = self.classes.view(self._probabilities).clamp_min(LOG_THRESHOLD).log_()
        terms = labels.keep(logarithms.mul_(weights).sum(1))
        torch.div(torch.rsub(terms.sum(), 0), self._divisor(labels), out=out)

    def _weights(self, bottom) -> tuple[Labels, torch.Tensor]:
        """The labels, and the row of the matrix for each of them: (outer, classes, inner)."""
        labels = Labels(self, bottom[1].data, self.classes, self.ignored)
        matrix = self._stored if len(bottom) == 2 else bottom[2].data
        rows = matrix.reshape(self.classes.number, self.classes.number)[labels.index]
        return labels, rows.transpose(1, 2)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(1, len(bottom)))
        if not propagate_down[0]:
            return
        labels, weights = self._weights(bottom)
        gradient = self.classes.view(self._probabilities) * weights.sum(1, keepdim=True) - weights
        labels.keep(gradient).mul_(top[0].diff / self._divisor(labels))
        bottom[0].diff.copy_(gradient.view(bottom[0].shape))

    def _divisor(self, labels: Labels):
        return normalization_divisor(self.mode, self.classes.outer, self.classes.inner, labels.number(),
                                     self.pre_fixed)
