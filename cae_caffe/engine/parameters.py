"""A net's parameters: which layer owns each, who shares it by name, and its learning rate and decay factors."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import InputError
from ..graph import Weight
from . import log
from .blob import Blob, shape_string


@dataclass
class Parameter:
    """A parameter blob that one layer owns and others may share; lr_mult and decay_mult are 1 unless told."""

    blob: Blob
    layer: str
    index: int                      # among the layer's blobs
    display_name: str               # the param's name, or its index
    lr_mult: float
    decay_mult: float
    lr_is_given: bool
    decay_is_given: bool


@dataclass
class Parameters:
    """All parameters of a net in the order of its layers (Net::AppendParam).

    `learnable` holds the owners; `owner_of` gives, for each layer's blob, the learnable parameter behind it.
    """

    learnable: list[Parameter] = field(default_factory=list)
    owner_of: dict[tuple[int, int], Parameter] = field(default_factory=dict)
    shared: set[tuple[int, int]] = field(default_factory=set)

    def append(self, weight: Weight, blob: Blob, spec) -> None:
        """Add `blob`, the graph's `weight`; `spec` is the view of its ParamSpec, with its defaults if it has none.

        Raises InputError if it shares a parameter of another shape, or gives other factors than the owner.
        """
        if weight.owner is None:
            owner = Parameter(blob, weight.layer, weight.index, spec.name or str(weight.index), spec.lr_mult,
                              spec.decay_mult, spec.has("lr_mult"), spec.has("decay_mult"))
            self.learnable.append(owner)
        else:
            owner = self.owner_of[weight.owner.node, weight.owner.index]
            log.info("net.cpp:467", f"Sharing parameters '{spec.name}' owned by layer '{owner.layer}', param index "
                                    f"{owner.index}")
            _check_shape(owner, blob, spec)
            _merge_factors(owner, spec)
            self.shared.add((weight.node, weight.index))
        self.owner_of[weight.node, weight.index] = owner

    def share(self, layers) -> None:
        """Let the sharing layers look at their owners' data and diff (Net::ShareWeights)."""
        for number, index in self.shared:
            blob, owner = layers[number].blobs[index], self.owner_of[number, index].blob
            blob.share_data(owner)
            blob.share_diff(owner)


def _check_shape(owner: Parameter, blob: Blob, spec) -> None:
    permissive = spec.share_mode == "PERMISSIVE"
    agrees = blob.count == owner.blob.count if permissive else blob.shape == owner.blob.shape
    if not agrees:
        raise InputError(f"it shares the param `{spec.name}` of layer `{owner.layer}`, which has shape "
                         f"{shape_string(owner.blob.shape)}, but needs {shape_string(blob.shape)}; "
                         + ("the counts in brackets must agree." if permissive else
                            "the shapes must agree (with `share_mode: PERMISSIVE` only the counts in brackets)."))


def _merge_factors(owner: Parameter, spec) -> None:
    for name, given in (("lr_mult", "lr_is_given"), ("decay_mult", "decay_is_given")):
        if not spec.has(name):
            continue
        value = getattr(spec, name)
        if getattr(owner, given) and value != getattr(owner, name):
            raise InputError(f"it gives {name} {value:g} for the param `{spec.name}` that it shares with layer "
                             f"`{owner.layer}`, where it is {getattr(owner, name):g}; give the same, or only one.")
        setattr(owner, name, value)
        setattr(owner, given, True)
