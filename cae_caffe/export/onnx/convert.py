"""`to_onnx`: a net as an ONNX model."""

from __future__ import annotations

import numbers
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...engine.layers.recurrent import RecurrentLayer
from ...errors import InputError
from ...printing import shown
from ...version import VERSION
from ..deploy import Deployed, deploy
from ..needs import require_onnx
from . import batch as batches
from . import graph as graphs
from .fold import fold
from .pixels import Preprocessing, preprocessing

if TYPE_CHECKING:
    import onnx

OPSETS = range(17, 24)
DYNAMIC = "dynamic"


@dataclass(frozen=True)
class Options:
    """How a net is to be exported: see `to_onnx`. `weights` is the file of its parameters, for the metadata."""

    batch: int | str | None = None
    opset: int = 17
    fp16: bool = False
    fold: bool = False
    pixels: Preprocessing | None = None
    weights: str = ""

    def __post_init__(self):
        if not _is_whole(self.opset) or self.opset not in OPSETS:
            raise InputError(f"The operator set {self.opset} is asked for, and {OPSETS[0]} to {OPSETS[-1]} can be "
                             "written.")
        batch: Any = self.batch
        is_number = _is_whole(batch) and batch >= 1
        if not (is_number or batch is None or (isinstance(batch, str) and batch == DYNAMIC)):
            raise InputError(f"The batch {self.batch} is asked for; give a number of 1 or more, or `dynamic`.")


def _is_whole(number) -> bool:
    """Whether it is a whole number, of Python or of NumPy; True is none."""
    return isinstance(number, numbers.Integral) and not isinstance(number, bool)


def to_onnx(net, batch: int | str | None = None, blobs: Sequence[str] = (),     # noqa: PLR0913 -- the command's flags
            opset: int = 17, *, fp16: bool = False, fold: bool = False, mean=None, scale: float = 1, rgb: bool = False,
            inputs: Sequence[str] = ()) -> onnx.ModelProto:
    """The ONNX model of `net`, a net of the embedded engine with its parameters.

    Inputs are the net's, or its data layers' tops; outputs its outputs, or the `blobs` named; both have the blobs'
    names. `batch` is the length of the inputs' first axis: a number, "dynamic" for any, or None for the net's own.
    `fp16` lets it compute in float16, between inputs and outputs of float32; `fold` puts BatchNorm, Scale and Bias
    layers into the weights of the layers before them.
    The states of RNN and LSTM layers, unless they are exposed, begin at zero in every run.

    With `mean`, `scale` or `rgb` the model takes pixels, and begins with what is done to them: RGB to BGR if `rgb`,
    minus the mean (the path of a .binaryproto, or numbers, one for each channel in the net's order), times the scale,
    as by Caffe's transform_param. That is for the one input of four axes, or for those named by `inputs`.

    Raises InputError for a net that cannot be exported, naming all layers that cannot, with the reason, and for
    options that do not fit it; RunError where the package onnx is missing.
    """
    require_onnx()
    deployed = deploy(net, blobs)
    return export(deployed, Options(batch, opset, fp16, fold, preprocessing(deployed, mean, scale, rgb, inputs)))


def export(deployed: Deployed, options: Options) -> onnx.ModelProto:
    """As `to_onnx`, of a deploy form; its batch changes."""
    from .model import build  # needs the package onnx

    if options.batch == DYNAMIC:
        graph, shapes = _dynamic(deployed, options.opset)
    else:
        if options.batch is not None:
            deployed.set_batch(int(options.batch))
        graph = graphs.write(deployed, options.opset)
        shapes = {**graph.inputs, **graph.outputs}
    _change(graph, options)
    return build(graph, shapes, deployed.net.name, _metadata(deployed, options))


def _change(graph: graphs.WrittenGraph, options: Options) -> None:
    """Do to the graph of the net what the options say."""
    if options.fold:
        fold(graph)
    if options.fp16:
        from .half import halve

        halve(graph)
    if options.pixels is not None:
        options.pixels.insert(graph)
    graph.builder.drop_unused(list(graph.outputs))


def _dynamic(deployed: Deployed, opset: int) -> tuple[graphs.WrittenGraph, dict[str, Any]]:
    errors = []
    for pair in batches.PAIRS:
        try:
            return _dynamic_by(pair, deployed, opset)
        except InputError as error:
            errors.append(error)
    raise errors[0]


def _dynamic_by(pair: tuple[int, int], deployed: Deployed, opset: int) -> tuple[graphs.WrittenGraph, dict[str, Any]]:
    first, second = (_at_batch(deployed, number, opset) for number in pair)
    shapes = batches.merge(first, second, pair, deployed.file)
    return first, shapes


def _at_batch(deployed: Deployed, number: int, opset: int) -> graphs.WrittenGraph:
    deployed.set_batch(number)
    return graphs.write(deployed, opset)


def _metadata(deployed: Deployed, options: Options) -> dict[str, str]:
    """Where the model comes from, and what it takes; values that are not known are left out."""
    found = {"net": deployed.net.name, "prototxt": deployed.file_name,
             "weights": shown(os.path.basename(options.weights)), "exporter": f"cae-caffe {VERSION}"}
    batch = options.batch or next((str(shape[0]) for shape in deployed.shapes().values() if shape), "")
    found["batch"] = str(batch)
    if options.pixels is not None:
        found["inputs_of_pixels"] = ", ".join(options.pixels.inputs)
        found["preprocessing"] = options.pixels.words
        found["channel_order"] = "RGB" if options.pixels.rgb else "as the net was trained (BGR in Caffe's own tools)"
    found["states"] = _states(deployed)
    return {f"caffe.{name}": text for name, text in found.items() if text}


def _states(deployed: Deployed) -> str:
    recurrent = [node.name for node in deployed.graph.nodes
                 if isinstance(layer := deployed.layer(node), RecurrentLayer) and not layer.exposed]
    return f"begin at zero in every run, in {', '.join(recurrent)}" if recurrent else ""
