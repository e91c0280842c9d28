"""What layers do that compare a prediction, with its classes along one axis, with whole-number labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from ...errors import InputError
from ..blob import Shape, canonical_axis, shape_string


@dataclass
class Classes:
    """The axis of classes in a prediction: `number` of them, `outer` lengths before it and `inner` ones behind it."""

    axis: int
    outer: int
    number: int
    inner: int

    @classmethod
    def of(cls, axis: int, shape: Shape, label_shape: Shape) -> Classes:
        """The classes along `axis` (from the end if negative) of a prediction of `shape`.

        Raises InputError unless there is one label for each place of the prediction.
        """
        axis = canonical_axis(axis, shape)
        classes = cls(axis, math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1:]))
        if classes.outer * classes.inner != math.prod(label_shape):
            raise InputError(f"its predictions have shape {shape_string(shape)} and its labels "
                             f"{shape_string(label_shape)}; with {classes.number} classes on axis {axis} there must be "
                             f"{classes.outer * classes.inner} labels.")
        return classes

    def view(self, prediction: torch.Tensor) -> torch.Tensor:
        """The prediction as (outer, classes, inner); a copy if it is stored in another order."""
        return prediction.reshape(self.outer, self.number, self.inner)


class Labels:
    """The labels of one blob, the layer's bottom of number `bottom`: `index` (outer, inner) as int64, and where they
    are `counted`.

    Caffe truncates them. Those equal to `ignored` are not counted; `counted` is None if no value is ignored, and the
    index of one not counted is 0.

    Raises InputError, with the layer's place (a loss may be computed after a pass), for a label that is no class, where
    looking costs nothing (on the CPU); Caffe would compute with what happens to lie in memory there.
    """

    def __init__(self, layer, data: torch.Tensor, classes: Classes, ignored: int | None = None, bottom: int = 1):
        wanted = classes.outer * classes.inner
        if data.numel() != wanted:
            raise InputError(f"{layer.where}: it has {data.numel()} labels for {wanted} predictions; give each one.")
        index = data.to(torch.int64).reshape(classes.outer, classes.inner)
        self.counted = None if ignored is None else index != ignored
        self.index = index if self.counted is None else index.masked_fill_(~self.counted, 0)
        if index.device.type == "cpu":
            self._check(layer, classes, bottom)

    def _check(self, layer, classes: Classes, bottom: int) -> None:
        if not self.index.numel():
            return
        low, high = (int(value) for value in self.index.aminmax())
        if low < 0 or high >= classes.number:
            raise InputError(
                f"{layer.where}: it found the label {low if low < 0 else high} in its bottom "
                f"`{layer.param.bottom[bottom]}`, and its predictions have {classes.number} classes; labels are whole "
                f"numbers from 0 to {classes.number - 1}. Correct the labels or the number of classes, or give an "
                "`ignore_label`.")

    def pick(self, prediction: torch.Tensor) -> torch.Tensor:
        """The prediction (outer, classes, inner) for the true classes, (outer, inner)."""
        return prediction.gather(1, self.index.unsqueeze(1)).squeeze(1)

    def number(self) -> torch.Tensor | None:
        """How many labels count, as a tensor of no axes; None if all do."""
        return None if self.counted is None else self.counted.sum()

    def keep(self, values: torch.Tensor) -> torch.Tensor:
        """Values (outer, inner) or (outer, classes, inner), in place zero where the label is not counted."""
        if self.counted is not None:
            skipped = ~self.counted
            values.masked_fill_(skipped if values.dim() == 2 else skipped.unsqueeze(1), 0)
        return values


def ignored_label(param) -> int | None:
    """The `ignore_label` of a LossParameter's or AccuracyParameter's view, or None."""
    return param.ignore_label if param.has("ignore_label") else None
