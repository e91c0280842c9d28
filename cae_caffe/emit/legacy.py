"""The 2015 dialect: messages of Caffe 1.0 turned back into those of the authors' Caffe (HyeonwooNoh/caffe, June 2015).

That Caffe knows `layers` with types from an enum (V1LayerParameter), multipliers as `blobs_lr` and `weight_decay`,
names of shared parameters as `param`, inputs as `input` and `input_dim`, and `solver_type`. Its inner products put out
four dimensions, so it needs no Reshape layer, and has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..errors import InputError
from .operations import v1_types
from .text import Fields, Word

V1_PARAM = {"name": "param", "lr_mult": "blobs_lr", "decay_mult": "weight_decay"}


def downgrade_net(net: Fields) -> Fields:
    """A net in the 2015 dialect. Raises InputError that names a layer of a type which 2015 did not have."""
    types = v1_types()
    inputs = [layer for layer in net["layer"] if layer["type"] == "Input"]
    others = [layer for layer in net["layer"] if layer["type"] != "Input"]
    return {
        "name": net["name"],
        "input": [layer["top"] for layer in inputs],
        "input_dim": [dim for layer in inputs for dim in layer["input_param"]["shape"]["dim"]],
        "layers": [_v1_layer(layer, types) for layer in _without_reshape(others)],
    }


def downgrade_solver(solver: Fields) -> Fields:
    """A solver in the 2015 dialect, in which its type is an enum."""
    return {("solver_type" if name == "type" else name): (Word(value) if name == "type" else value)
            for name, value in solver.items()}


def _without_reshape(layers: Iterable[Fields]) -> Iterator[Fields]:
    """The layers but for Reshape, whose readers read what it read."""
    before = {layer["top"]: blob for layer in layers if layer["type"] == "Reshape" for blob in layer["bottom"]}
    for layer in layers:
        if layer["type"] != "Reshape":
            yield {**layer, "bottom": [before.get(blob, blob) for blob in layer.get("bottom", [])]}


def _v1_layer(layer: Fields, types: Mapping[str, str | None]) -> Fields:
    v1_type = types[layer["type"]]
    if v1_type is None:
        raise InputError(f"layer `{layer['name']}`: the authors' Caffe of June 2015 has no layers of type "
                         f"`{layer['type']}`, so this net cannot be written for it; use the dialect `current`.")
    fields: dict[str, object] = {}
    for name, value in layer.items():
        if name == "type":
            fields["type"] = Word(v1_type)
        elif name == "param":
            fields.update((old, [param[new] for param in value]) for new, old in V1_PARAM.items() if new in value[0])
        else:
            fields[name] = value
    return fields
