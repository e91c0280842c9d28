"""Whole small nets of forks as cases of conformance.py, with the weights that their fillers draw."""

from __future__ import annotations

import numpy as np
from conformance import Case

from cae_caffe import pycaffe
from cae_caffe.schema import NetParameter, format_text


def drawn_case(folder, net: NetParameter, **inputs) -> Case:
    """The net with the weights that its fillers draw, and what BatchNorm learns of the inputs in one pass."""
    path = folder / "net.prototxt"
    path.write_text(format_text(net))
    drawn = pycaffe.Net(str(path), pycaffe.TRAIN)
    for name, array in inputs.items():
        drawn.blobs[name].reshape(*np.shape(array))
        drawn.blobs[name].data[...] = array
    drawn.forward()
    params = {name: [blob.data.copy() for blob in blobs] for name, blobs in drawn.params.items()}
    bottoms = {name: np.asarray(array, np.float32) for name, array in inputs.items() if name != "label"}
    return Case(format_text(NetParameter(layer=_without_labels(net))), bottoms, params=params, phase="TEST",
                backward=False)


def _without_labels(net: NetParameter) -> list:
    """The layers but inputs and those that need labels."""
    labels, kept = {"label"}, []
    for layer in net.layer:
        if labels.intersection(layer.bottom):
            labels.update(layer.top)
        elif layer.type != "Input":
            kept.append(layer)
    return kept
