"""A net opened to leave: in phase TEST, its weights checked, and without its data files where shapes are given."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from .. import pycaffe, schema
from ..analysis.nets import open_definition
from ..errors import InputError
from ..graph import layer_place
from ..schema import net_state
from ..spelling import in_brackets
from .roles import VALUES

Shapes = Mapping[str, Sequence[int]]

WEIGHTS = (".caffemodel", ".caffemodel.h5")     # the ends of the names of files of weights


def open_to_leave(net_file: str | os.PathLike, weights: str | os.PathLike | None, stages: Sequence[str] = (),
                  level: int = 0, shapes: Shapes | None = None) -> pycaffe.Net:
    """The embedded engine's net of a prototxt, a deploy net or one that trains, with the parameters of `weights`.

    Without (None) they are what the fillers give.

    `shapes` are those of inputs, by the blobs' names: in the place of what an Input layer says, or of a data layer,
    whose files need not be there then. What reads a data layer's other tops, which no shape is given for, is left out:
    it compares with labels. Raises InputError as `analysis.nets.open_net` does, and for names that are no inputs.
    """
    name = str(net_file)
    _require_order(name, str(weights))
    definition, lines = schema.read_net_with_lines(net_file)
    net, lines = _in_state(definition, lines, name, stages, level)
    if shapes:
        net, lines = _with_shapes(net, lines, shapes, name)
    try:
        return cast("pycaffe.Net", open_definition(pycaffe, net, lines, name, weights, "test", stages, level)[0])
    except InputError as error:
        remedy = _remedy_for_data(str(error), net, lines, name) or _remedy_for_shapes(str(error), shapes, str(weights))
        if remedy:
            raise InputError(*error.args, remedy) from None
        raise


def _require_order(net_file: str, weights: str) -> None:
    """Tell a net and its weights that were given the other way round."""
    if net_file.endswith(WEIGHTS) and not weights.endswith(WEIGHTS):
        raise InputError(f"{net_file} is a file of weights by its name, and stands where the net's prototxt is needed; "
                         f"give the net first and its weights second: {weights} {net_file}.")


def _in_state(definition, lines, name: str, stages: Sequence[str], level: int) -> tuple[schema.NetParameter, list]:
    """The layers of phase TEST and this state, with their lines."""
    net = schema.NetParameter()
    net.CopyFrom(definition)
    net.state.MergeFrom(schema.NetState(phase=schema.Phase.Value("TEST"), level=level, stage=stages))
    try:
        kept, kept_lines = net_state.filtered(net, list(lines))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    kept.state.CopyFrom(definition.state)
    return kept, kept_lines


def _with_shapes(net, lines, shapes: Shapes, name: str) -> tuple[schema.NetParameter, list]:
    """The net with Input layers for the blobs that `shapes` names."""
    inputs = {top for layer in net.layer if _feeds(layer) for top in layer.top}
    for blob in shapes:
        if blob not in inputs:
            raise InputError(f"{name}: a shape is given for `{blob}`, which is no input of the net in phase TEST"
                             f"{in_brackets(blob, inputs)}; its inputs are {', '.join(sorted(inputs)) or '(none)'}.")
    result, result_lines = schema.NetParameter(), []
    result.CopyFrom(net)
    del result.layer[:]
    lost: set[str] = set()      # blobs whose shapes nobody knows
    for layer, line in zip(net.layer, lines):
        if _feeds(layer) and set(shapes) & set(layer.top):
            added = _inputs_for(layer, shapes)
            lost.update(set(layer.top) - {one.top[0] for one in added})
        elif lost.intersection(layer.bottom):
            added = []
            lost.update(layer.top)
        else:
            added = [layer]
            lost.difference_update(layer.top)
        result.layer.extend(added)
        result_lines += [line] * len(added)
    return result, result_lines


def _inputs_for(layer, shapes: Shapes) -> list:
    """An Input layer for each top of a layer that feeds the net, as far as its shape is known."""
    known = {}
    if layer.type == "Input":
        stated = layer.input_param.shape
        known = {top: list(stated[min(at, len(stated) - 1)].dim) for at, top in enumerate(layer.top) if stated}
    known.update({top: list(shapes[top]) for top in layer.top if top in shapes})
    inputs = []
    for top, dims in known.items():
        added = schema.LayerParameter(name=layer.name if len(known) == 1 else top, type="Input", top=[top])
        added.input_param.shape.add(dim=dims)
        inputs.append(added)
    return inputs


def _feeds(layer) -> bool:
    return not layer.bottom and layer.type not in VALUES


def _remedy_for_data(sentence: str, net, lines: Collection[int | None], name: str) -> str:
    """What helps where a data layer cannot be built, as `sentence` says; empty where it is about something else."""
    for layer, line in zip(net.layer, lines):
        if _feeds(layer) and layer.type != "Input" and sentence.startswith(layer_place(layer, name, line)):
            side = layer.transform_param.crop_size or 224
            return (f"An exported net needs no data, but their shape: give it, such as --shape {layer.top[0]}=1,3,"
                    f"{side},{side}, or export the net's deploy.prototxt.")
    return ""


def _remedy_for_shapes(sentence: str, shapes: Shapes | None, weights: str) -> str:
    """What helps where weights do not fit, as `sentence` says, a net whose inputs have other shapes than its own."""
    if shapes and sentence.startswith(f"{weights}: layer "):
        given = ", ".join(f"--shape {name}={','.join(map(str, lengths))}" for name, lengths in shapes.items())
        return (f"Here {given} decides how many weights the layers need: an inner product fits one size of images, and "
                "a convolution one number of channels. Give the shape that the net was trained with.")
    return ""
