"""`caffe.draw`: pictures of nets, by pydot and Graphviz (`pip install "cae-caffe[draw]"`, and Graphviz's `dot`)."""

from __future__ import annotations

import os
from typing import Any

from .. import files, schema
from ..errors import InputError, RunError
from .proto import caffe_pb2

_SHAPE = {"shape": "record", "style": "filled"}
NEURON_LAYER_STYLE = {**_SHAPE, "fillcolor": "#90EE90"}
BLOB_STYLE = {"shape": "octagon", "style": "filled", "fillcolor": "#E0E0E0"}

_COLORS = {"Convolution": "#FF5050", "Deconvolution": "#FF5050", "Pooling": "#FF9900", "InnerProduct": "#CC33FF"}
_OTHER_COLOR = "#6495ED"
LAYER_STYLE_DEFAULT = {**_SHAPE, "fillcolor": _OTHER_COLOR}
_CONVOLUTIONS = ("Convolution", "Deconvolution")
_LEARNING = (*_CONVOLUTIONS, "InnerProduct")
_NO_LABEL = '""'

_EDGE_LABELS = {
    "Data": lambda layer: f"Batch {layer.data_param.batch_size}",
    "Convolution": lambda layer: str(layer.convolution_param.num_output),
    "Deconvolution": lambda layer: str(layer.convolution_param.num_output),
    "InnerProduct": lambda layer: str(layer.inner_product_param.num_output),
}


def __getattr__(name: str) -> Any:
    """`pydot`, which Caffe's module imports for itself; RunError where it is missing."""
    if name != "pydot":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _pydot()


def get_pooling_types_dict() -> dict[int, str]:
    """The names of the pooling methods by their numbers."""
    return {number: name for name, number in caffe_pb2.PoolingParameter.PoolMethod.items()}


def get_edge_label(layer) -> str:
    """What stands at the arrow from a layer to its top: its channels, or its batch."""
    return _EDGE_LABELS[layer.type](layer) if layer.type in _EDGE_LABELS else _NO_LABEL


def get_layer_lr_mult(layer) -> tuple[float, float]:
    """The factors of the learning rate for weights and biases; 1 unless told. Raises InputError for other layers."""
    if layer.type not in _LEARNING:
        raise InputError(f"Layer `{layer.name}` is of type {layer.type}; only {', '.join(_LEARNING)} layers have "
                         "learning rates to show.")
    given = [param.lr_mult for param in layer.param[:2]]
    weights, biases = given + [1.0] * (2 - len(given))
    return weights, biases


def choose_color_by_layertype(layertype: str) -> str:
    """The fill colour of a layer's node."""
    return _COLORS.get(layertype, _OTHER_COLOR)


def get_layer_label(layer, rankdir: str, display_lrm: bool = False) -> str:
    """The text in a layer's node, in double quotes: name, type, geometry and, with `display_lrm`, learning rates."""
    kind = layer.type
    if kind == "Pooling":
        kind += f" {get_pooling_types_dict()[layer.pooling_param.pool]}"
    lines = [layer.name, f"({kind})", *_geometry(layer)]
    if display_lrm and layer.type in _LEARNING and any(get_layer_lr_mult(layer)):
        lines.append("lr mult: {:.1f}, {:.1f}".format(*get_layer_lr_mult(layer)))
    # From top to bottom, height is scarce; from left to right, width is.
    return '"' + (" " if rankdir in ("TB", "BT") else r"\n").join(lines) + '"'


def _geometry(layer) -> list[str]:
    if layer.type == "Pooling":
        param = layer.pooling_param
        kernel, stride, pad = param.kernel_size, param.stride, param.pad
    elif layer.type in _CONVOLUTIONS:
        param = layer.convolution_param
        kernel, stride, pad = ([*values, default][0] for values, default in (
            (param.kernel_size, 1), (param.stride, 1), (param.pad, 0)))
    else:
        return []
    return [f"kernel size: {kernel}", f"stride: {stride}", f"pad: {pad}"]


def get_pydot_graph(caffe_net, rankdir: str, label_edges: bool = True, phase: int | None = None,
                    display_lrm: bool = False):
    """The pydot graph of a NetParameter: a node for each layer and blob, an edge for each bottom and top.

    `rankdir` is LR, RL, TB or BT; `phase` (TRAIN or TEST) leaves out the layers of the other. Raises RunError where
    pydot is missing.
    """
    pydot = _pydot()
    graph = pydot.Dot(caffe_net.name or "Net", graph_type="digraph", rankdir=rankdir)
    blobs: set[str] = set()
    for number, layer in enumerate(_upgraded(caffe_net).layer):
        if not _is_in_phase(layer, phase):
            continue
        node = f"layer{number}"
        graph.add_node(pydot.Node(node, label=get_layer_label(layer, rankdir, display_lrm), **_style(layer)))
        blobs.update(layer.bottom, layer.top)
        for blob in layer.bottom:
            graph.add_edge(pydot.Edge(_blob_node(blob), node, label=_NO_LABEL))
        for blob in layer.top:
            label = get_edge_label(layer) if label_edges else _NO_LABEL
            graph.add_edge(pydot.Edge(node, _blob_node(blob), label=label))
    for blob in sorted(blobs):
        graph.add_node(pydot.Node(_blob_node(blob), label=f'"{blob}"', **BLOB_STYLE))
    return graph


def _upgraded(net):
    """The net in today's form, which has `layer` and no `layers`."""
    if not net.layers:
        return net
    upgraded = type(net)()
    upgraded.CopyFrom(net)
    schema.upgrade_net(upgraded, net.name)
    return upgraded


def _is_in_phase(layer, phase: int | None) -> bool:
    def applies(rule) -> bool:
        return not rule.HasField("phase") or rule.phase == phase

    if phase is None:
        return True
    if layer.include:
        return any(map(applies, layer.include))
    return not any(rule.HasField("phase") and rule.phase == phase for rule in layer.exclude)


def _style(layer) -> dict[str, str]:
    in_place = len(layer.bottom) == len(layer.top) == 1 and layer.bottom[0] == layer.top[0]
    return NEURON_LAYER_STYLE if in_place else {**_SHAPE, "fillcolor": choose_color_by_layertype(layer.type)}


def _blob_node(name: str) -> str:
    return f'"blob {name}"'


def _pydot():
    try:
        import pydot
    except ImportError as error:
        raise RunError('Drawing nets needs pydot and Graphviz; run `pip install "cae-caffe[draw]"` and install '
                       "Graphviz (its program `dot`).") from error
    return pydot


def draw_net(caffe_net, rankdir: str, ext: str = "png", phase: int | None = None, display_lrm: bool = False) -> bytes:
    """The picture of a NetParameter in the format `ext`: png, pdf, svg ..., or raw, the text for Graphviz.

    The other arguments are those of `get_pydot_graph`. Raises RunError where pydot or Graphviz is missing.
    """
    graph = get_pydot_graph(caffe_net, rankdir, phase=phase, display_lrm=display_lrm)
    if ext == "raw":
        return graph.to_string().encode()
    try:
        return graph.create(format=ext)
    except OSError as error:
        raise RunError(f"Graphviz's program `dot` does not run ({error}); install Graphviz.") from error


def draw_net_to_file(caffe_net, filename: str | bytes | os.PathLike, rankdir: str = "LR", phase: int | None = None,
                     display_lrm: bool = False) -> None:
    """Write the picture to `filename`, in the format that its ending says; see `draw_net`."""
    path = os.fsdecode(filename)
    ext = path.rpartition(".")[2]
    files.write_bytes(path, draw_net(caffe_net, rankdir, ext, phase, display_lrm))
