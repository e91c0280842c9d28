"""Tensors on their way to a net's parameters: matched, checked, brought into Caffe's shapes and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from ...errors import InputError
from ...graph import Weight
from . import matching
from .back import Return
from .builder import ModuleBuilder
from .given import Given

NAMES, ORDER = "names", "order"


@dataclass
class Transfer:
    """From the tensors `given` to `values` of parameters, those of the net that `builder` has written.

    `values` and `missing` have the parameters that own their memory. `taken` are tensors' names, with the parameters;
    `problems` are sentences about what does not fit.
    """

    builder: ModuleBuilder
    given: Given
    by: str = NAMES
    values: dict[Weight, np.ndarray] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    missing: list[Weight] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _matches: matching.Matches = field(default_factory=dict)
    _passed_over: set[str] = field(default_factory=set)     # names of tensors that need no taker

    def match(self) -> None:
        """Find which tensor is which; by order, if not one name fits.

        Raises InputError if there is no order to go by.
        """
        if self.by == NAMES:
            self._matches = matching.by_names(self.builder, self.given.tensors)
            if self._matches or not self.builder.returns:
                return
            wanted = next(way.path(key) for way in self.builder.returns for key in way.back.needed)
            self.remarks.append(f"Not one name fits (there is `{next(iter(self.given.tensors))}`, and the net's own "
                                f"module would have `{wanted}`), so the tensors are taken by order and shape.")
        if not self.given.ordered:
            raise InputError(f"{self.given.name}: {' '.join([*self.remarks, ''])}A safetensors file does not keep the "
                             "order of its tensors; read it into the module that they are of, and give that.")
        self.by = ORDER
        self._match_order()

    def _match_order(self) -> None:
        order = matching.by_order(self.builder, self.given.tensors)
        self._matches = order.matches
        self._passed_over = set(self.given.tensors).difference(order.found)
        if order.wanted != len(order.found):
            self.problems.append(f"The net's parameters would be {order.wanted} tensors, and there are "
                                 f"{len(order.found)}; in their order they fit up to the first whose shapes differ.")
        for weight in (way.weights[0] for way in self.builder.returns if way.back.turned):
            if weight.shape[0] == weight.shape[-1] > 1:
                self.problems.append(f"{_capital(weight)}, {_shape(weight.shape)}, may be transposed, which order and "
                                     "shape do not tell; bring it by names.")

    def collect(self) -> None:
        """Compute the parameters from the tensors."""
        for way in self.builder.returns:
            self._compute(way)
        known = self._passed_over.union(self._matches.values())
        self.problems += [f"Nothing takes the tensor `{name}`, {_shape(self.given.tensors[name].shape)}."
                          for name in self.left() if name not in known]

    def left(self) -> list[str]:
        """The names of the tensors that became nothing, but for the module's constants."""
        constants = {self._matches.get(way.path(key)) for way in self.builder.returns for key in way.back.constants}
        return [name for name in self.given.tensors if name not in self.taken and name not in constants]

    def _compute(self, way: Return) -> None:
        numbers = {**way.back.needed, **way.back.optional}
        names = {key: self._matches[way.path(key)] for key in numbers if way.path(key) in self._matches}
        for key, index in way.back.needed.items():
            if key not in names:
                own = f"; in the net's own module it is `{way.path(key)}`" if self.by == NAMES else ""
                self.problems.append(f"{_capital(way.weights[index])}, {_shape(way.weights[index].shape)}, gets no "
                                     f"tensor{own}.")
        arrays = {key: self._array(name, way.weights[numbers[key]]) for key, name in names.items()}
        found = way.back.parameters({key: array for key, array in arrays.items() if array is not None})
        for index, array in found.items():
            self._set(way.weights[index], array, names.values())
        self.taken.update({name: repr(way.weights[numbers[key]]) for key, name in names.items()
                           if numbers[key] in found and arrays[key] is not None})
        self.missing += [_owner(way.weights[index]) for index in way.back.needed.values() if index not in found]

    def _array(self, name: str, weight: Weight) -> np.ndarray | None:
        """A tensor as float32 in the parameter's shape, or None if it cannot be."""
        tensor = self.given.tensors[name]
        shape, wanted = tuple(tensor.shape), tuple(weight.shape)
        if not tensor.is_floating_point() or tensor.layout != torch.strided or tensor.is_meta:
            kind = "without values" if tensor.is_meta else f"of the type {tensor.dtype} and layout {tensor.layout}"
            self.problems.append(f"The tensor `{name}` is {kind}; {weight!r} takes dense ones of floating point.")
            return None
        if not matching.same_values(shape, wanted):
            self.problems.append(f"The tensor `{name}` is {_shape(shape)}, and {weight!r} is {_shape(wanted)}.")
            return None
        return tensor.detach().to("cpu", torch.float32).contiguous().numpy().reshape(wanted)

    def _set(self, weight: Weight, array: np.ndarray, names: Iterable[str]) -> None:
        earlier = self.values.setdefault(_owner(weight), array)
        if not np.array_equal(earlier, array, equal_nan=True):
            self.problems.append(f"{_capital(weight)} is shared, and of {', '.join(f'`{name}`' for name in names)} it "
                                 "would get other values than of the tensors before; make them the same.")


def numbers_lost(transfer: Transfer) -> list[str]:
    """Sentences about numbers that float32 has not, that were rounded before, and that are not finite."""
    rounded, coarse, odd = [], [], []
    for name in transfer.taken:
        tensor = transfer.given.tensors[name].detach().cpu()
        single = tensor.float()
        if torch.finfo(tensor.dtype).bits < torch.finfo(torch.float32).bits:
            coarse.append(name)
        elif not torch.equal(single.to(tensor.dtype).nan_to_num(), tensor.nan_to_num()):
            rounded.append(name)
        if not single.isfinite().all():
            odd.append(name)
    sentences = ((rounded, "rounded to float32"),
                 (coarse, "of fewer bits than float32, and so perhaps rounded before"),
                 (odd, "not finite (NaN, or infinity in float32)"))
    return [f"Values that are {what}: {', '.join(names)}." for names, what in sentences if names]


def _owner(weight: Weight) -> Weight:
    return weight.owner or weight


def _capital(weight: Weight) -> str:
    text = repr(weight)
    return text[0].upper() + text[1:]


def _shape(shape: Iterable[int]) -> str:
    return f"({', '.join(map(str, shape))})"
