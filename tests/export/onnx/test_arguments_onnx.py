"""What `to_onnx` is given: NumPy's numbers and single names do, anything else is told in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")

from conformance import Case, values
from onnx_judge import engine_run, run_onnx

from cae_caffe import to_onnx
from cae_caffe.errors import InputError


@pytest.fixture(scope="module")
def net():
    return engine_run(Case('layer { name: "bend" type: "AbsVal" bottom: "data" top: "conv1" }',
                           {"data": values(2, 3, 4, 4)}, phase="TEST", backward=False))[0]


@pytest.mark.parametrize("options", [
    {"batch": np.int64(3)}, {"opset": np.int32(18)}, {"blobs": "conv1"}, {"blobs": None},
    {"blobs": np.array(["conv1"])}, {"mean": 5}, {"mean": np.float32(5)}, {"mean": (1, 2, 3)}, {"scale": np.float32(2)},
    {"inputs": "data", "scale": 2},
])
def test_taken(net, options):
    model = to_onnx(net, **options)
    assert [one.name for one in model.graph.output] == ["conv1"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == options.get("batch", 2)


@pytest.mark.parametrize("options, told", [
    ({"batch": True}, "batch True"), ({"batch": 3.0}, "batch 3.0"), ({"batch": np.array([1, 2])}, "batch .1 2."),
    ({"opset": 17.0}, "operator set 17.0"), ({"opset": True}, "operator set True"),
    ({"blobs": 5}, "blobs=5 is given"), ({"blobs": [b"conv1"]}, "blobs=.b'conv1'. is given"),
    ({"inputs": [3], "rgb": True}, "inputs=.3. is given"),
    ({"mean": ["a"]}, "mean .'a'. is given"), ({"mean": object()}, "mean <object"),
    ({"mean": [1e39, 1, 1]}, "mean .1e.39"),
    ({"mean": np.zeros((1, 3, 4, 4))}, "mean an array of 1x3x4x4 is given"),
    ({"mean": b"/no/file"}, "/no/file: the mean"),
    ({"scale": "2"}, "scale 2 is given"), ({"scale": None}, "scale None"), ({"scale": [1, 2]}, "scale .1, 2."),
    ({"scale": 1e39}, r"scale 1e\+39"), ({"scale": 1e-60}, "scale 1e-60"),
])
def test_refused(net, options, told):
    with pytest.raises(InputError, match=told):
        to_onnx(net, **options)


def test_an_input_that_is_named_twice_is_prepared_once(net):
    image = values(2, 3, 4, 4)
    model = to_onnx(net, rgb=True, scale=2, inputs=["data", "data"])
    np.testing.assert_array_equal(run_onnx(model, {"data": image})["conv1"], np.abs(image[:, ::-1] * 2))
