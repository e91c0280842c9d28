"""Layers behind a lowered convolution, whose top is stored with its rows outermost, against real Caffe."""

from __future__ import annotations

import pytest
from conformance import Case, values, whole_numbers

# Without biases, whose gradients behind a softmax cancel to nothing but rounding.
BELOW = """layer { name: "below" type: "Convolution" bottom: "x" top: "below"
                   convolution_param { num_output: 4 kernel_size: 9 bias_term: false } }"""
X = values(4, 1, 28, 28)
ONE_BOTTOM = ['type: "Sigmoid"', 'type: "TanH"', 'type: "ReLU"', 'type: "LRN" lrn_param { alpha: 0.1 }',
              'type: "LRN" lrn_param { norm_region: WITHIN_CHANNEL alpha: 0.1 }', 'type: "Softmax"',
              'type: "Softmax" softmax_param { axis: 3 }', 'type: "Flatten"',
              'type: "Reshape" reshape_param { shape { dim: 0 dim: -1 } }',
              'type: "Convolution" convolution_param { num_output: 2 kernel_size: 9 }',
              'type: "Deconvolution" convolution_param { num_output: 2 kernel_size: 9 }',
              'type: "InnerProduct" inner_product_param { num_output: 3 }',
              'type: "InnerProduct" inner_product_param { num_output: 3 axis: 2 transpose: true }']


def behind_convolution(layer: str, **others) -> Case:
    return Case(f'{BELOW} layer {{ name: "layer" bottom: "below" {layer} }}', **others)


def test_the_convolution_is_lowered():
    """Otherwise the tests below test nothing of their own."""
    from cae_caffe.engine.lowering import ConvolutionGeometry, choose
    geometry = ConvolutionGeometry(transposed=False, batch=4, in_channels=1, in_height=28, in_width=28, out_channels=4,
                                   kernel=(9, 9), stride=(1, 1), pad=(0, 0), dilation=(1, 1), group=1, has_bias=False,
                                   needs_bottom_diff=True)
    assert choose(geometry).rows_first


@pytest.mark.parametrize("layer", ONE_BOTTOM)
def test_layers(judge, layer):
    judge(behind_convolution(f'{layer} top: "top"', bottoms={"x": X}))


@pytest.mark.parametrize("layer", ['type: "ReLU"', 'type: "Sigmoid"', 'type: "TanH"', 'type: "Softmax"'])
def test_layers_in_place(judge, layer):
    judge(behind_convolution(f'{layer} top: "below"', bottoms={"x": X}))


@pytest.mark.parametrize("layer, shape, classes", [
    ('type: "SoftmaxWithLoss"', (4, 20, 20), 4),
    ('type: "SoftmaxWithLoss" softmax_param { axis: 2 } loss_param { ignore_label: 3 }', (4, 4, 20), 20),
])
def test_softmax_with_loss(judge, layer, shape, classes):
    judge(behind_convolution(f'{layer} bottom: "label" top: "top"',
                             bottoms={"x": X, "label": whole_numbers(*shape, below=classes)}))


@pytest.mark.parametrize("norm", ["L1", "L2"])
def test_hinge_loss(judge, norm):
    case = behind_convolution(f'type: "HingeLoss" hinge_loss_param {{ norm: {norm} }} bottom: "label" top: "top"',
                              bottoms={"x": X, "label": whole_numbers(4, below=1600)})
    judge(case, ignore=["below[0].diff twice"],
          reason="Caffe keeps the margins where it then writes the gradient, from which a second pass starts")


@pytest.mark.parametrize("type_name", ["EuclideanLoss", "SigmoidCrossEntropyLoss"])
@pytest.mark.parametrize("shape", [(4, 4, 20, 20), (4, 1600)])
def test_losses_of_pairs(judge, type_name, shape):
    judge(behind_convolution(f'type: "{type_name}" bottom: "target" top: "top"',
                             bottoms={"x": X, "target": values(*shape, low=0, seed=1)}))


def test_accuracy(judge):
    judge(behind_convolution('type: "Accuracy" bottom: "label" top: "top"', backward=False,
                             bottoms={"x": X, "label": whole_numbers(4, 20, 20, below=4)}))


def test_multinomial_logistic_loss(judge):
    judge(Case(f"""{BELOW} layer {{ name: "p" type: "Sigmoid" bottom: "below" top: "p" }}
                   layer {{ name: "loss" type: "MultinomialLogisticLoss" bottom: "p" bottom: "label" top: "loss" }}""",
               {"x": X, "label": whole_numbers(4, below=1600)}))
