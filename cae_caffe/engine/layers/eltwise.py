"""Eltwise: the sum, product or maximum of several blobs of one shape."""

from __future__ import annotations

import torch

from ...errors import InputError
from ..blob import Blob, shape_string
from ..layer import Layer, at_least
from ..traits import Traits
from .buffers import keep
from .registry import register
from .scaling import scaled


@register("Eltwise")
class Eltwise(Layer):
    """SUM: c0 a + c1 b + ..., with a `coeff` of 1 unless given. PROD: a b ... MAX: max(a, b, ...).

    The gradient of PROD is y / a, as Caffe has it, or with `stable_prod_grad` (the default) the product of the others.
    Of equal maxima the second of the first two bottoms counts, else the earliest (src/caffe/layers/eltwise_layer.cpp).
    A sum may have one bottom, as in FlowNet 2.0's fork. In TSN's, STOCHASTIC_SUM is in phase TRAIN the sum of those
    bottoms for which a number drawn between 0 and 1 is at most their `coeff`, in TEST the sum.
    """

    bottoms = at_least(2)
    traits = Traits(keeps_order=True, replayable=True)

    def counts(self):
        least = 1 if self.param.eltwise_param.operation == "SUM" else 2
        return at_least(least), self.tops

    def setup(self, bottom, top):
        param = self.param.eltwise_param
        if param.coeff and param.operation == "PROD":
            raise InputError("it gives `coeff` and `operation: PROD`; a product takes no coefficients, leave them out.")
        if param.coeff and len(param.coeff) != len(bottom):
            raise InputError(f"it gives `coeff` {len(param.coeff)} times for {len(bottom)} bottoms; give it once for "
                             "each, or not at all.")
        self.coefficients = param.coeff or (1.0,) * len(bottom)
        self._operation: _Sum | _Product | _Maximum = _OPERATIONS[param.operation](self)

    def draws(self) -> bool:
        """Whether each forward pass takes random numbers."""
        return self.param.eltwise_param.operation == "STOCHASTIC_SUM" and self.param.phase == "TRAIN"

    def is_capturable(self):
        return not self.draws()

    def is_replayable(self):
        return not self.draws()

    def shapes(self, bottom_shapes):
        for shape in bottom_shapes[1:]:
            if shape != bottom_shapes[0]:
                raise InputError(f"its bottoms have shapes {shape_string(bottom_shapes[0])} and {shape_string(shape)}; "
                                 "they must agree.")
        return bottom_shapes[:1]

    def forward(self, bottom, top):
        self._operation.forward([blob.data for blob in bottom], top[0].data)

    def backward(self, top, propagate_down, bottom):
        for i, wanted in enumerate(propagate_down):
            if wanted:
                self._operation.backward(i, top[0], bottom)


class _Sum:
    def __init__(self, layer: Eltwise):
        self._coefficients = layer.coefficients

    def forward(self, values: list[torch.Tensor], out: torch.Tensor) -> None:
        first, *others = self._coefficients
        if first == 1 and others and others[0]:
            torch.add(values[0], values[1], alpha=others[0], out=out)
            values, others = values[1:], others[1:]
        else:
            scaled(values[0], first, out)
        for tensor, coefficient in zip(values[1:], others):
            _add(out, tensor, coefficient)

    def backward(self, i: int, top: Blob, bottom: list[Blob]) -> None:
        if self._coefficients[i] == 1:
            bottom[i].diff.copy_(top.diff)
        else:
            scaled(top.diff, self._coefficients[i], out=bottom[i].diff)


class _StochasticSum(_Sum):
    def __init__(self, layer: Eltwise):
        super().__init__(layer)
        self._shares = layer.coefficients
        self._stream = layer.context.stream if layer.draws() else None

    def forward(self, values: list[torch.Tensor], out: torch.Tensor) -> None:
        if self._stream is None:
            super().forward(values, out)
            return
        drawn = self._stream().uniform(len(values), 0, 1)
        self._coefficients = tuple(float(number <= share) for number, share in zip(drawn, self._shares))
        out.zero_()
        for tensor, coefficient in zip(values, self._coefficients):
            _add(out, tensor, coefficient)


def _add(out: torch.Tensor, values: torch.Tensor, coefficient: float) -> None:
    if coefficient:     # BLAS's axpy adds nothing for 0, also of what is infinite or no number
        out.add_(values, alpha=coefficient)


class _Product:
    def __init__(self, layer: Eltwise):
        self._stable = layer.param.eltwise_param.stable_prod_grad

    def forward(self, values: list[torch.Tensor], out: torch.Tensor) -> None:
        torch.mul(values[0], values[1], out=out)
        for tensor in values[2:]:
            out.mul_(tensor)

    def backward(self, i: int, top: Blob, bottom: list[Blob]) -> None:
        out = bottom[i].diff
        if self._stable:
            first, second, *rest = [blob.data for j, blob in enumerate(bottom) if j != i] + [top.diff]
            torch.mul(first, second, out=out)
            for tensor in rest:
                out.mul_(tensor)
        else:
            torch.div(top.data, bottom[i].data, out=out).mul_(top.diff)


class _Maximum:
    def __init__(self, layer: Eltwise):
        self._winner = torch.empty(0, dtype=torch.int64)    # the number of the bottom whose value is the maximum

    def forward(self, values: list[torch.Tensor], out: torch.Tensor) -> None:
        # By comparisons, as Caffe: one with a value that is no number is false, and the second of the two is taken.
        first_wins = values[0] > values[1]
        torch.where(first_wins, values[0], values[1], out=out)
        self._winner = keep(self._winner, (~first_wins).long())
        for number, tensor in enumerate(values[2:], 2):
            wins = tensor > out
            torch.where(wins, tensor, out, out=out)
            self._winner.masked_fill_(wins, number)

    def backward(self, i: int, top: Blob, bottom: list[Blob]) -> None:
        bottom[i].diff.copy_(top.diff).masked_fill_(self._winner.ne(i), 0)


_OPERATIONS: dict[str, type[_Sum] | type[_Product] | type[_Maximum]] = {
    "SUM": _Sum, "PROD": _Product, "MAX": _Maximum, "STOCHASTIC_SUM": _StochasticSum}
