"""Which tensor of a state_dict is which of a module that to_torch would make: by names, or by order and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from .averages import QUOTIENTS, SUMS
from .builder import ModuleBuilder

Matches = dict[str, str]        # names in the state_dict by those in the module


def by_names(builder: ModuleBuilder, tensors: Mapping[str, torch.Tensor]) -> Matches:
    """The matches by the names that to_torch gives, behind whatever all names of the state_dict begin with.

    That is `module.` of nn.DataParallel, `_orig_mod.` of torch.compile, `model.`, or the like. A tensor that has
    several names in the module is found under any of them.
    """
    wanted = [way.path(key) for way in builder.returns
              for key in (*way.back.needed, *way.back.optional, *way.back.constants)]
    fits = [{name: prefix + name for name in wanted if prefix + name in tensors} for prefix in _prefixes(list(tensors))]
    return _with_ties(builder, max(fits, key=len))


@dataclass(frozen=True)
class Order:
    """The `matches` by order, how many tensors the module would need (`wanted`), and the names of those `found`.

    Where these are not as many, the matches end before the first whose shapes differ.
    """

    matches: Matches
    wanted: int
    found: Sequence[str]


def by_order(builder: ModuleBuilder, tensors: Mapping[str, torch.Tensor]) -> Order:
    """The tensors that the module would need, in its layers' order, and those of floating point, in theirs.

    A tensor that has several names counts once. Of an nn.BatchNorm2d the averages come before its weight and bias, as
    of Caffe's BatchNorm with a Scale behind it.
    """
    shapes = {way.path(key): tuple(way.weights[index].shape)
              for way in builder.returns for key, index in way.back.needed.items()}
    wanted = _averages_first([name for name in shapes if name not in builder.ties])
    names = _averages_first(_distinct(tensors))
    matches: Matches = {}
    for name, other in zip(wanted, names):
        if len(wanted) != len(names) and not same_values(shapes[name], tuple(tensors[other].shape)):
            break
        matches[name] = other
    return Order(_with_ties(builder, matches), len(wanted), names)


def same_values(shape: Sequence[int], other: Sequence[int]) -> bool:
    """Whether arrays of both shapes have the same values in the same order: they differ in lengths of 1 alone."""
    return [length for length in shape if length != 1] == [length for length in other if length != 1]


def _with_ties(builder: ModuleBuilder, matches: Matches) -> Matches:
    """The matches, where one name of a tensor stands for all that it has in the module."""
    found = dict(matches)
    for name, other in builder.ties.items():
        if name in found:
            found.setdefault(other, found[name])
    for name, other in builder.ties.items():
        if other in found:
            found.setdefault(name, found[other])
    return found


def _prefixes(names: Sequence[str]) -> list[str]:
    """What all names begin with, as modules are named, from nothing to the longest."""
    first, *others = (name.split(".")[:-1] for name in names)
    common = len(first)
    for parts in others:
        common = next((at for at, (one, other) in enumerate(zip(first[:common], parts)) if one != other),
                      min(common, len(parts)))
    return ["".join(f"{part}." for part in first[:length]) for length in range(common + 1)]


def _distinct(tensors: Mapping[str, torch.Tensor]) -> list[str]:
    """The names of floating-point tensors, of one that has several the first, without what only to_torch's have."""
    kept: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if name.rpartition(".")[2] in SUMS or not tensor.is_floating_point():
            continue
        if not any(tensor.is_set_to(other) for other in kept.values()):
            kept[name] = tensor
    return list(kept)


def _averages_first(names: Sequence[str]) -> list[str]:
    """The names with each module's averages in front of its other tensors."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    return [name for group in groups.values()
            for name in sorted(group, key=lambda name: name.rpartition(".")[2] not in QUOTIENTS)]
