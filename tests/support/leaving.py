"""Whole nets on their way out: what others make of them gives what the engine gives, at several batches.

    from leaving import leaves

    leaves(pycaffe.Net("deploy.prototxt", pycaffe.TEST, weights="net.caffemodel"))

onnx_judge.py does that for single layers; here inputs are made up as `cae-caffe export-onnx` does it, or given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx_judge
import opencv5
import opencv_gaps
import pytest
import torch

from cae_caffe import pycaffe
from cae_caffe.export import made_inputs, proof
from cae_caffe.export.deploy import Deployed, deploy
from cae_caffe.export.onnx import convert
from cae_caffe.export.torch import convert as torch_convert
from cae_caffe.schema import format_text

BATCHES = (1, 3)
IN_TORCH = 1e-6         # of an output's largest value, where nearly the same kernels compute
MULTIPLIES = {"Convolution", "Deconvolution", "InnerProduct", "DepthwiseConvolution", "ConvolutionDepthwise"}

Worst = dict[str, float]        # the largest difference, as a part of an output's largest value, by whose it is


def built(net, folder) -> pycaffe.Net:
    """The net of a NetParameter, or of its text, in phase TEST, with weights by `spread`."""
    path = folder / "net.prototxt"
    path.write_text(net if isinstance(net, str) else format_text(net), encoding="utf-8")
    return spread(pycaffe.Net(str(path), pycaffe.TEST))


def spread(net: pycaffe.Net, seed: int = 0) -> pycaffe.Net:
    """Give the net random parameters with which values stay of order 1, however deep it is; returns it.

    Layer by layer the net is run. What multiplies gets weights by which the top's deviation is 1, and BatchNorm the
    averages of what it reads, but for some noise; others keep what their fillers drew.
    """
    random = np.random.RandomState(seed)
    made = made_inputs.make(deploy(net))
    for name, array in made.items():
        net.blobs[name].data[...] = array
    for name, layer, engine_layer in zip(net._layer_names, net.layers, net._engine.layers):
        top = net.blobs[net.top_names[name][0]] if net.top_names[name] else None
        if layer.type == "BatchNorm":
            _set_averages(net.params[name], net.blobs[net.bottom_names[name][0]].data, random)
        elif layer.type in MULTIPLIES and engine_layer.param.convolution_param.weight_filler.type != "bilinear":
            weights, *biases = net.params[name]
            weights.data[...] = random.normal(size=weights.data.shape)
            for bias in biases:
                bias.data[...] = 0
            net.forward(start=name, end=name)
            weights.data[...] /= top.data.std() or 1
            for bias in biases:
                bias.data[...] = random.uniform(-0.2, 0.2, bias.data.shape)
        elif layer.type == "Scale":
            for number, blob in enumerate(net.params.get(name, ())):
                blob.data[...] = random.uniform(-0.2, 0.2, blob.data.shape) + (not number)
        net.forward(start=name, end=name)
    return net


def _set_averages(blobs, values: np.ndarray, random) -> None:
    """The averages of a BatchNorm layer, which are stored as sums of several passes (the third blob).

    By those of each channel a deep net of random weights would enlarge what rounding leaves: its channels hardly vary.
    """
    channels, size = blobs[0].data.shape, np.square(values).mean()
    blobs[0].data[...] = 7 * 0.3 * np.sqrt(size) * random.normal(size=channels)
    blobs[1].data[...] = 7 * size * random.uniform(0.5, 1.5, channels)
    blobs[2].data[...] = 7


def leaves(net: pycaffe.Net, *, blobs: Sequence[str] = (), batches: Sequence[int] = BATCHES, dynamic: bool = True,
           opencv: str | None = None, in_torch: float = IN_TORCH,
           given: Mapping[str, np.ndarray] | None = None) -> None:
    """Fail unless the net as an ONNX model gives what the engine gives, within 1e-5 of each output's largest value, and
    as a PyTorch module, within `in_torch`.

    It is exported for each of the `batches`, for which onnxruntime and OpenCV 5 run it, and if it is `dynamic` for any,
    which onnxruntime runs at all of them. `opencv` is the reason why OpenCV 5 is not asked, besides those of
    opencv_gaps.py. No module is made if `in_torch` is 0. If inputs are `given`,
    they stand for those made up, and their shapes are the one batch. Prints the largest differences.
    """
    pytest.importorskip("onnxruntime", reason="onnxruntime is not here: pip install cae-caffe[onnx]")
    deployed, worst = deploy(net, blobs), {}
    if given is not None:
        _reshape(deployed, given)
    models = [_checked(deployed, convert.DYNAMIC)] if dynamic else []
    module = torch_convert.module_of(deployed) if in_torch else None
    for batch in batches if given is None else [None]:
        if given is not None:
            _reshape(deployed, given)
        elif batch is not None:
            deployed.set_batch(batch)
        inputs = dict(given or made_inputs.make(deployed))
        wanted = proof.engine_outputs(deployed, inputs)
        if module is not None:
            _hold(f"PyTorch, batch {batch},", wanted, torch_runs(module, inputs), worst, "PyTorch", in_torch)
        model = _checked(deployed, batch)
        _hold(f"onnxruntime, batch {batch},", wanted, onnx_judge.run_onnx(model, inputs), worst, "onnxruntime")
        if opencv is None and opencv_gaps.reason_for(deployed, wanted) is None:
            _hold(f"OpenCV 5, batch {batch},", wanted, opencv_runs(model, inputs), worst, "OpenCV 5")
        for any_batch in models:
            _hold(f"onnxruntime, any batch at {batch},", wanted, onnx_judge.run_onnx(any_batch, inputs), worst,
                  "onnxruntime")
    print("largest differences:", ", ".join(f"{whose} {part:.1e}" for whose, part in worst.items()))


def _reshape(deployed: Deployed, arrays: Mapping[str, np.ndarray]) -> None:
    """Give the inputs the arrays' shapes, other sizes of images included."""
    for name, array in arrays.items():
        deployed.net.blobs[name].reshape(*array.shape)
    deployed.net.reshape()


def opencv_runs(model, inputs) -> Mapping[str, np.ndarray]:
    """What OpenCV 5 gives."""
    return opencv5.run(model, inputs, [one.name for one in model.graph.output])


def torch_runs(module: torch.nn.Module, inputs) -> Mapping[str, np.ndarray]:
    """What the module gives, by numbers of outputs."""
    with torch.no_grad():
        found = module(*[torch.from_numpy(np.array(array, np.float32)) for array in inputs.values()])
    return {str(i): top.numpy() for i, top in enumerate(found if isinstance(found, tuple) else (found,))}


def _checked(deployed: Deployed, batch):
    """The model, a clean graph whose inputs and outputs are called as the net's blobs."""
    model = convert.export(deployed, convert.Options(batch))
    onnx_judge.require_clean(model)
    inputs = [one.name for one in model.graph.input]
    assert inputs == list(deployed.shapes())
    assert [one.name for one in model.graph.output if one.name not in inputs] == [
        name for name in deployed.outputs if name not in inputs]
    return model


def _hold(what: str, wanted, found, worst: Worst, whose: str, tolerance: float = proof.TOLERANCE) -> None:
    for (name, array), theirs in zip(wanted.items(), found.values()):
        compared = proof.compare(name, array, np.asarray(theirs))
        assert compared.holds(tolerance), f"{what} {compared}"
        assert np.ptp(array) > 1e-2 * compared.largest, f"{name} tells nothing, for its values are much the same"
        worst[whose] = max(worst.get(whose, 0), compared.relative)
    assert len(wanted) == len(found)
