"""Opening nets through pycaffe's surface, with the checks that Caffe would answer by ending the process."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .. import python_layers, schema
from ..backend_protocol import Backend, Net
from ..errors import InputError
from ..graph import Graph, bind, graph_in_state, without_splits
from ..schema import net_state
from .stored_weights import check_fit, shapes_for

PHASES = {"train": "TRAIN", "test": "TEST"}


def open_net(backend: Backend, net_file: str | os.PathLike, weights: str | os.PathLike | None = None,
             phase: str = "test", stages: Sequence[str] = (), level: int = 0) -> Net:
    """Return `backend.Net` of the prototxt `net_file`, with the parameters of `weights` if it is given.

    `backend` is a module with pycaffe's names, as `load_backend` returns it; `phase` is "train" or "test".
    `weights` is a `.caffemodel` or `.caffemodel.h5`. Every layer of the net that has parameters must be in it, with
    the same number of blobs of the same shapes; layers that only the file has are passed over, as Caffe does.
    Raises `InputError` for a missing or malformed file and for weights that do not fit.
    """
    return open_graph(backend, net_file, weights, phase, stages, level)[0]


def open_graph(backend: Backend, net_file: str | os.PathLike, weights: str | os.PathLike | None = None,
               phase: str = "test", stages: Sequence[str] = (), level: int = 0) -> tuple[Net, Graph]:
    """As `open_net`, with the net's graph beside it: bound to the net, without Split layers."""
    definition, lines = schema.read_net_with_lines(net_file)
    return open_definition(backend, definition, lines, str(net_file), weights, phase, stages, level)


def open_definition(backend: Backend, definition: schema.NetParameter, lines: Sequence[int | None], name: str,
                    weights: str | os.PathLike | None = None, phase: str = "test", stages: Sequence[str] = (),
                    level: int = 0) -> tuple[Net, Graph]:
    """As `open_graph`, of a NetParameter that was read with its `lines` from the file `name`."""
    graph = graph_in_state(definition, lines, name, PHASES[phase], level, stages)
    python_layers.check([node.message for node in graph.nodes], graph.file, [node.line for node in graph.nodes])
    stored = shapes_for(backend, weights) if weights is not None else None
    net = make_net(backend, definition, lines, name, PHASES[phase], level, list(stages))
    graph = without_splits(bind(graph, net))
    if stored is not None:
        check_fit(graph, stored, weights)
        net.copy_from(str(weights))
    return net, graph


def make_net(backend: Backend, definition: schema.NetParameter, lines: Sequence[int | None], name: str, phase: str,
             level: int = 0, stages: Sequence[str] = (), weights: str | None = None) -> Net:
    """The net of `definition`, read with its `lines` from the file `name`; `phase` is "TRAIN" or "TEST".

    The embedded engine takes the message. Real pycaffe makes nets of files alone, so it reads `name` once more.
    """
    number = getattr(backend, phase)
    if hasattr(backend.Net, "from_message"):
        return backend.Net.from_message(definition, lines, name, number, level, stages, weights)
    in_state = schema.NetParameter()
    in_state.CopyFrom(definition)
    in_state.state.MergeFrom(schema.NetState(phase=schema.Phase.Value(phase), level=level, stage=stages))
    kept, kept_lines = net_state.filtered(in_state, list(lines))
    python_layers.check(kept.layer, name, kept_lines)
    return backend.Net(name, number, level=level, stages=stages, **({} if weights is None else {"weights": weights}))


def single_input(net: Net, net_file: str | os.PathLike) -> str:
    """Name of the one blob that `net`, a deploy net, takes its images from; raises `InputError` if there is not one."""
    if len(net.inputs) == 1:
        return net.inputs[0]
    if not net.inputs:
        raise InputError(f"{net_file}: this net reads its own data and has no Input layer to give images to; "
                         "use its deploy.prototxt.")
    raise InputError(f"{net_file}: this net has {len(net.inputs)} inputs ({', '.join(net.inputs)}), but only nets with "
                     "one can be given images; remove the others from a copy of the file.")


def require_image_shape(net: Net, blob: str, image_shape: Sequence[int], net_file: str | os.PathLike,
                        source: str | os.PathLike) -> None:
    """Raise `InputError` unless images of `image_shape` (without the batch axis) fit the input `blob`."""
    wanted = tuple(net.blobs[blob].shape)[1:]
    if tuple(image_shape) != wanted:
        raise InputError(f"{source}: its images are {_dims(image_shape)}, but the input `{blob}` of {net_file} takes "
                         f"{_dims(wanted)}; convert the images to that size or use another net.")


def _dims(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"
