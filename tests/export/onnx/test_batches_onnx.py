"""What a graph for any batch can be made of, and single numbers, which have no batch."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, values
from onnx_judge import engine_run, hold, run_onnx

from cae_caffe.errors import InputError
from cae_caffe.export.deploy import deploy
from cae_caffe.export.onnx import convert

EVEN = ('layer { name: "part" type: "Slice" bottom: "x" top: "a" top: "b" top: "c" slice_param { axis: 0 } }\n'
        'layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" bottom: "c" top: "y" }')


def test_single_numbers_stay_single():
    hold(Case('type: "Exp" exp_param { scale: 2 shift: 0.5 base: 2 }', [values()]), dynamic=False)
    hold(Case('type: "Scale" scale_param { axis: 0 num_axes: 0 }', [values(3, 2)]))


def test_a_batch_that_is_shared_out_evenly():
    case = Case(EVEN, {"x": values(6, 2)}, phase="TEST", backward=False)
    net, bottoms, tops = engine_run(case)

    model = convert.to_onnx(net, batch="dynamic")

    assert [one.dim_param for one in model.graph.input[0].type.tensor_type.shape.dim] == ["N", ""]
    np.testing.assert_allclose(run_onnx(model, bottoms)["y"], tops["y"], rtol=1e-6)
    assert run_onnx(model, {"x": values(9, 2)})["y"].shape == (3, 2)


def test_a_layer_that_changes_nothing_at_one_batch_alone():
    hold(Case("""layer { name: "r" type: "ReLU" bottom: "x" top: "y" }
                 layer { name: "s" type: "Reshape" bottom: "y" top: "z" reshape_param { shape { dim: 2 dim: -1 } } }""",
              {"x": values(4, 2)}))


def test_an_axis_before_the_batch():
    hold(Case('type: "Reshape" reshape_param { shape { dim: -1 } num_axes: 0 }', [values(3, 2)]))


def test_a_layer_that_takes_no_other_batch_is_named():
    net, _, _ = engine_run(Case('type: "Bias" bias_param { axis: 0 }', [values(4, 2)], phase="TEST", backward=False))
    with pytest.raises(InputError, match=r"(?s)layer `layer` \(type Bias, .*\): its factor has shape 4 .* batch of 2"):
        convert.to_onnx(net, batch="dynamic")


def test_the_nets_own_batch_is_named_where_another_one_that_is_tried_is_refused():
    net, _, _ = engine_run(Case('type: "Reshape" reshape_param { shape { dim: 2 dim: -1 } }', [values(4, 3)],
                                phase="TEST", backward=False))
    deployed = deploy(net)
    deployed.set_batch(2)
    with pytest.raises(InputError, match=r"(?s)layer `layer` .* a batch of 3; export it .* that it has, 4\."):
        deployed.set_batch(3)


def test_a_net_without_inputs_has_no_batch():
    hold(Case('type: "Parameter" parameter_param { shape { dim: 2 } }', []), dynamic=False,
         opencv="it runs no net without inputs")


@pytest.mark.parametrize("opset", [17, 18, 23])
def test_operators_that_changed_with_the_operator_set(opset):
    case = Case(EVEN + 'layer { name: "mean" type: "Reduction" bottom: "y" top: "z" '
                'reduction_param { operation: MEAN axis: 1 } }', {"x": values(6, 2)}, phase="TEST", backward=False)
    net, bottoms, tops = engine_run(case)
    np.testing.assert_allclose(run_onnx(convert.to_onnx(net, opset=opset), bottoms)["z"], tops["z"], rtol=1e-6)


def test_a_crop_of_the_batch_itself():
    """At one of the batches that are tried nothing is cut off, at the other something is."""
    hold(Case('type: "Crop" crop_param { axis: 0 }', [values(4, 3), values(2, 3)]))
