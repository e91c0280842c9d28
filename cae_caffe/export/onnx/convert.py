"""`to_onnx`: a net as an ONNX model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ..deploy import Deployed, deploy
from . import batch as batches
from . import graph as graphs

if TYPE_CHECKING:
    import onnx

OPSETS = range(17, 24)
DYNAMIC = "dynamic"


def to_onnx(net, batch: int | str | None = None, blobs: Sequence[str] = (), opset: int = 17) -> onnx.ModelProto:
    """The ONNX model of `net`, a net of the embedded engine with its parameters.

    Inputs are the net's, or its data layers' tops; outputs its outputs, or the `blobs` named; both have the blobs'
    names. `batch` is the length of the inputs' first axis: a number, "dynamic" for any, or None for the net's own.

    Raises InputError for a net that cannot be exported, naming all layers that cannot, with the reason.
    """
    return export(deploy(net, blobs), batch, opset)


def export(deployed: Deployed, batch: int | str | None = None, opset: int = 17) -> onnx.ModelProto:
    """As `to_onnx`, of a deploy form; its batch changes."""
    from .model import build  # needs the package onnx

    if opset not in OPSETS:
        raise InputError(f"The operator set {opset} is asked for, and {OPSETS[0]} to {OPSETS[-1]} can be written.")
    if batch == DYNAMIC:
        graph, shapes = _dynamic(deployed, opset)
    else:
        if batch is not None:
            deployed.set_batch(int(batch))
        graph = graphs.write(deployed, opset)
        shapes = {**graph.inputs, **graph.outputs}
    return build(graph, shapes, deployed.net.name, _metadata(deployed))


def _dynamic(deployed: Deployed, opset: int) -> tuple[graphs.WrittenGraph, dict[str, Any]]:
    first, second = (_at_batch(deployed, number, opset) for number in batches.BATCHES)
    shapes = batches.merge(first, second, deployed.file)
    first.builder.drop_unused(list(first.outputs))
    return first, shapes


def _at_batch(deployed: Deployed, number: int, opset: int) -> graphs.WrittenGraph:
    deployed.set_batch(number)
    return graphs.write(deployed, opset)


def _metadata(deployed: Deployed) -> dict[str, str]:
    return {"caffe.net": deployed.net.name, "caffe.prototxt": os.path.basename(deployed.file)}
