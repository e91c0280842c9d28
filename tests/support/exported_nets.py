"""Whole nets for the tests of exports: shrunk, in phase TEST, with parameters, as cases of conformance.py."""

from __future__ import annotations

from pathlib import Path

import example_nets
import large_nets
import numpy as np
import pytest
from conformance import Case, values
from google.protobuf import text_format

from cae_caffe import pycaffe, schema
from cae_caffe.engine import log

IMAGES = {"LeNet": (lambda: example_nets.lenet(2), (2, 1, 28, 28)),
          "CIFAR-10 quick": (lambda: example_nets.cifar10_quick(2), (2, 3, 32, 32)),
          "CaffeNet": (lambda: large_nets.caffenet(2, 67, 8), (2, 3, 67, 67)),
          "GoogLeNet": (lambda: large_nets.googlenet(2, 64, 8), (2, 3, 64, 64)),
          "residual": (lambda: large_nets.residual(2, 16), (2, 3, 16, 16)),
          "siamese": (lambda: example_nets.siamese(2), (2, 2, 28, 28))}
PAPERS = ("cae1-n2", "cae2-n10", "classic-300-150-75-n10", "siamese")
PROTOTXT = Path(__file__).parents[2] / "prototxt"


def example(name: str) -> Case:
    """One of IMAGES, without losses and data layers, or of PAPERS: a case with small random parameters."""
    if name in IMAGES:
        build, shape = IMAGES[name]
        return case_of(build(), {}, shape)
    message = schema.read_net(PROTOTXT / name / "deploy.prototxt")
    shapes = {top: tuple(shape.dim) for layer in message.layer if layer.type == "Input"
              for top, shape in zip(layer.top, layer.input_param.shape)}
    return case_of(message, shapes, ())


def case_of(message, shapes: dict[str, tuple[int, ...]], shape: tuple[int, ...]) -> Case:
    """The case of a net whose inputs have these shapes; what no others read of its data layers has `shape`."""
    kept = schema.NetParameter()
    for layer in message.layer:
        if layer.bottom and "Loss" not in layer.type and layer.type != "Accuracy":
            kept.layer.add().CopyFrom(layer)
    read = {bottom for layer in kept.layer for bottom in layer.bottom}
    inputs = [top for layer in message.layer if not layer.bottom for top in layer.top if top in read]
    bottoms = {top: values(*(2, *shapes[top][1:]) if shapes else shape, seed=number)
               for number, top in enumerate(inputs)}
    case = Case(text_format.MessageToString(kept), bottoms, params="filled", phase="TEST")
    return Case(case.text, bottoms, params=_params(case), phase="TEST")


def _params(case: Case) -> dict[str, list[np.ndarray]]:
    """What the fillers give, and averages as after training for BatchNorm."""
    net = schema.NetParameter()
    text_format.Parse(case.prototxt, net)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_minimum", log.LEVELS["ERROR"])
        pycaffe.set_random_seed(1)
        built = pycaffe.Net.from_message(net, [None] * len(net.layer), "net.prototxt", pycaffe.TEST)
    params = {name: [np.array(blob.data) for blob in blobs] for name, blobs in built.params.items()}
    for layer in net.layer:
        if layer.type == "BatchNorm":
            mean, variance, _ = params[layer.name]
            params[layer.name] = [values(*mean.shape), values(*variance.shape, low=1, high=3), values(1, low=3, high=4)]
    return params
