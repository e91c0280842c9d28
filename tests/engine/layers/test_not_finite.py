"""Values that are not finite against real Caffe, forward and backward, in every type of layer."""

from __future__ import annotations

from dataclasses import replace

import conformance_odd
import conformance_sweep as sweep
import numpy as np
import pytest
import torch
from conformance import Case, examples, run_embedded
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import schema
from cae_caffe.engine.layers.scaling import scaled_by_each
from cae_caffe.engine.lowering import rule
from cae_caffe.engine.net import Net
from cae_caffe.engine.tape import Tape

NAN, INF = float("nan"), float("inf")
LOWEST = np.finfo(np.float32).min


@pytest.mark.parametrize("type_name", sweep.SWEPT)
@examples(12)
@given(data=st.data())
def test_they_pass_through_as_in_caffe(judge, type_name, data):
    with pytest.MonkeyPatch.context() as patch:
        # The lowered kernels add and subtract more than the convolution itself.
        patch.setenv(rule.SWITCH, rule.NATIVE)
        sweep.hold(judge, data.draw(conformance_odd.cases(type_name)))


ODD = np.array([[NAN, -INF, INF, 1, -1, 0, 1e30, -1e30]], np.float32)
LAYERS = ['type: "ReLU"', 'type: "ReLU" relu_param { negative_slope: 0.1 }', 'type: "PReLU"', 'type: "ELU"',
          'type: "Clip" clip_param { min: 0 max: 1 }', 'type: "Clip" clip_param { min: 2 max: 1 }', 'type: "Sigmoid"',
          'type: "TanH"', 'type: "BNLL"', 'type: "Swish"', 'type: "Swish" swish_param { beta: 0 }',
          'type: "Power" power_param { scale: 2 power: 3 }', 'type: "Exp" exp_param { scale: 0 }', 'type: "Log"',
          'type: "Log" log_param { scale: 0 shift: 2 }', 'type: "Scale" scale_param { filler { value: 0 } }',
          'type: "Scale" scale_param { axis: 0 num_axes: 0 filler { value: -1 } bias_term: true }']
EVERY = {f"{layer}{', in place' * in_place}, slopes of {what}": Case(layer, [ODD], in_place=in_place, top_diffs=[diffs])
         for layer in LAYERS for in_place in (False, True)
         for what, diffs in {"one": np.ones_like(ODD), "any kind": ODD[:, ::-1]}.items()}


@pytest.mark.parametrize("name", EVERY)
def test_each_of_them_in_layers_of_single_values(judge, name):
    judge(EVERY[name] if "Scale" not in name else replace(EVERY[name], params="filled"))


@pytest.mark.parametrize("operation", ["operation: MAX", "operation: PROD", "operation: SUM",
                                       "operation: SUM coeff: 0 coeff: 1", "operation: SUM coeff: 1 coeff: 0",
                                       "operation: SUM coeff: 2 coeff: -1", "operation: PROD stable_prod_grad: false"])
def test_each_of_them_beside_each(judge, operation):
    judge(Case(f'type: "Eltwise" eltwise_param {{ {operation} }}', [np.repeat(ODD, 8), np.tile(ODD[0], 8)]))


@pytest.mark.parametrize("value", ODD[0])
@pytest.mark.parametrize("layer", ["SigmoidCrossEntropyLoss", "EuclideanLoss"])
def test_each_of_them_in_a_loss(judge, layer, value):
    judge.all(Case(f'type: "{layer}"', [np.array([[value, 0.5]], np.float32), np.array([[target, 1]], np.float32)])
              for target in (0, 1, 0.25, -0.5, 2))


@pytest.mark.parametrize("value", ODD[0])
@pytest.mark.parametrize("layer", ['type: "SoftmaxWithLoss"', 'type: "HingeLoss"', 'type: "MultinomialLogisticLoss"',
                                   'type: "HingeLoss" hinge_loss_param { norm: L2 }'])
def test_each_of_them_in_a_loss_of_labels(judge, layer, value):
    judge.all(Case(layer, [np.array([[value, 0.5, 0.1]], np.float32), np.array([label], np.float32)])
              for label in (0, 1))


WINDOWS = np.array([[NAN, 1, 5, 2, -INF, -1], [0, 3, NAN, 4, -INF, NAN]], np.float32).reshape(1, 1, 2, 6)
POOLED = 'type: "Pooling" pooling_param { kernel_size: 2 stride: 2 }'


@pytest.mark.parametrize("channels", [1, 5])
def test_max_pooling_passes_over_what_is_no_number(judge, channels):
    bottom = np.repeat(WINDOWS, channels, 1)
    judge(Case(POOLED, [bottom], tops=2))
    judge(Case(POOLED + " phase: TEST", [np.full_like(bottom, NAN)], tops=2, backward=False))


@pytest.mark.parametrize("more", ["", " pad: 1"])
@pytest.mark.parametrize("value", [NAN, -INF])
def test_a_window_without_a_maximum_gives_no_gradient(judge, more, value):
    """In Caffe it goes to the value before the image's first in memory."""
    case = Case(POOLED.replace(" }", more + " }"), [np.full((1, 5, 4, 4), value, np.float32)], tops=2)
    ours, = run_embedded(case)
    assert (ours["top0.data"] == LOWEST).all() and (ours["top1.data"] == -1).all() and not ours["bottom0.diff"].any()
    judge(replace(case, backward=False))


def test_a_number_in_one_window_leaves_the_others_as_they_were(judge):
    bottom = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
    bottom[0, 0, 3, 3] = NAN
    judge(Case('type: "Pooling" pooling_param { kernel_size: 3 stride: 2 pad: 1 }', [bottom], tops=2))


def test_a_recording_looks_at_the_factors_each_time():
    values, factors, product = torch.tensor([NAN, 2.0]), torch.ones(2), torch.empty(2)
    tape = Tape(lambda: scaled_by_each(values, factors, product))
    factors[0] = 0
    tape.replay()
    assert product.tolist() == [0, 2]


def test_a_recording_looks_at_what_is_no_number_each_time():
    text = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }
              layer { name: "y" type: "ReLU" bottom: "x" top: "y" relu_param { negative_slope: 0.5 } }
              force_backward: true"""
    net = Net(schema.parse_text(text, schema.NetParameter), schema.TRAIN)
    x, y = net.blobs
    x.data.copy_(torch.tensor([-1.0, 1.0]))
    y.diff.fill_(1)
    tape = Tape(lambda: net.layers[1].backward([y], [True], [x]))
    assert x.diff.tolist() == [0.5, 1]
    x.data[0] = NAN
    tape.replay()
    assert x.diff.tolist() == [0, 1]
