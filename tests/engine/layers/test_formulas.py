"""What a layer computes by hand against autograd's derivative of its formula, which trains runs together (--seeds)."""

from __future__ import annotations

import re
from inspect import getsource

import conformance_odd
import conformance_sweep
import golden_layers
import numpy as np
import pytest
import torch
from conformance import Case, examples
from conformance_sweep import NOT_SWEPT
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.engine.autograd_layer import AutogradLayer
from cae_caffe.engine.layer import Layer
from cae_caffe.engine.layers import registry
from cae_caffe.schema import forks

TOLERANCE = 1e-5        # of the largest value: float32 sums in another order
# Where formulas have corners, where they saturate, and where exponentials of float32 overflow. Few, so that there are
# ties; of the targets, which are the second bottom of a loss, too.
CORNERS = np.array([0, -0.0, 1, -1, 0.25, 0.5, 2, -2, 17, -17, 100, -100, 1e30], np.float32)
TARGETS = np.array([0, 1, 0.25, 0.5], np.float32)


def has_both(layer_class: type[Layer]) -> bool:
    """Whether the class writes a formula, and its gradient by hand beside it."""
    return layer_class.compute is not Layer.compute and layer_class.backward is not AutogradLayer.backward


OURS = [name for name in registry.type_names() if name not in forks.layers()]      # forks have judges of their own
TYPES = [name for name in OURS if has_both(registry.find(name))]
SUMS = {"InnerProduct", "Convolution", "Deconvolution", "EuclideanLoss"}      # which 1e30 would drown


def cases_of(type_name: str) -> dict[str, Case]:
    """The golden cases of one layer of the type, and some of its own."""
    found = {f"{family}, {name}": case for family, cases in golden_layers.families().items()
             for name, case in cases.items()
             if not case.is_net and re.search(f"type: ['\"]{type_name}['\"]", case.text) and not case.in_place}
    return {**found, **{f"own, {text}": Case(f'type: "{type_name}" {text}', bottoms, tops)
                        for text, bottoms, tops in OWN.get(type_name, ())}}


BOTTOM = np.zeros((6, 13), np.float32)
OWN = {
    "SigmoidCrossEntropyLoss": [("", [BOTTOM, BOTTOM], 1), ("loss_param { ignore_label: 1 }", [BOTTOM, BOTTOM], 1),
                                ("loss_param { ignore_label: 0 normalization: VALID } loss_weight: 3",
                                 [BOTTOM, BOTTOM], 1)],
    "ReLU": [("", [BOTTOM], 1), ("relu_param { negative_slope: 0.25 }", [BOTTOM], 1),
             ("relu_param { negative_slope: -2 }", [BOTTOM], 1)],
    "Split": [("", [BOTTOM], 3)],
    "Silence": [("", [BOTTOM], 0)],
}


def at_corners(case: Case) -> list[np.ndarray]:
    """Bottoms of the case's shapes with every corner in them, if they are large enough, beside every target."""
    corners = CORNERS[:-1] if any(f'"{name}"' in case.text for name in SUMS) else CORNERS
    first, *rest = [np.asarray(bottom, np.float32) for bottom in case.bottoms]
    return [np.resize(corners, first.shape),
            *(np.resize(np.repeat(TARGETS, len(corners)), bottom.shape) for bottom in rest)]


def has_gradient(layer_class: type[Layer]) -> bool:
    """Whether the class has bottoms and computes their gradient by hand, and does not only refuse one."""
    own = layer_class.backward
    return (layer_class.bottoms.most != 0 and own not in (Layer.backward, AutogradLayer.backward)
            and "refuse_gradient(propagate_down, 0" not in getsource(own))


WITHOUT_FORMULA = [name for name in OURS
                   if has_gradient(registry.find(name)) and name not in TYPES and name not in NOT_SWEPT]


@pytest.mark.parametrize("type_name", WITHOUT_FORMULA)
@examples(8)
@given(data=st.data())
def test_gradient_is_caffes_at_corners_where_there_is_no_formula(judge, type_name, data):
    conformance_sweep.hold(judge, data.draw(conformance_odd.cases(type_name, ["corners", "zeros"])))


def test_every_layer_with_a_gradient_of_its_own_is_tried():
    own = {name for name in OURS if has_gradient(registry.find(name))}
    # A Python layer's gradient is its user's, and HDF5Output has nothing behind it.
    assert own - set(TYPES) - set(WITHOUT_FORMULA) == {"Python", "HDF5Output"}


def test_every_layer_with_a_formula_is_tried():
    assert {"SigmoidCrossEntropyLoss", "ReLU", "InnerProduct", "Convolution", "Split"} <= set(TYPES)
    assert [name for name in TYPES if not cases_of(name)] == []


@pytest.mark.parametrize("type_name", TYPES)
def test_gradient_is_that_of_the_formula_at_corners(type_name, build_train_net):
    for name, case in cases_of(type_name).items():
        net = build_train_net(case.prototxt)
        layer, bottoms, tops = net.layers[-1], net.bottoms[-1], net.tops[-1]
        for blob, values in zip(bottoms, at_corners(case)):
            blob.data.copy_(torch.from_numpy(values))
        net.forward()
        for blob, weight in zip(tops, layer.loss_weights):
            if not weight:
                blob.diff.copy_(torch.linspace(-1, 1, blob.count).view(blob.shape))
        net.clear_param_diffs()
        wanted = {f"bottom {i}": blob for i, blob in enumerate(bottoms) if layer.allows_forced_backward(i)}
        wanted.update({f"parameter {i}": blob for i, blob in enumerate(layer.blobs)})
        expected = derivatives(layer, bottoms, tops, wanted.values())
        net.backward()
        for (what, blob), gradient in zip(wanted.items(), expected):
            error = (blob.diff - gradient).abs().max()
            assert error <= TOLERANCE * gradient.abs().max(), f"{name}: {what}: {blob.diff} and by autograd {gradient}"


def derivatives(layer: Layer, bottoms, tops, wanted) -> list[torch.Tensor]:
    """By autograd, from the formula and the tops' diffs."""
    leaves = {id(blob): blob.data.clone().requires_grad_() for blob in [*bottoms, *layer.blobs]}
    results = layer.compute([leaves[id(blob)] for blob in bottoms], [leaves[id(blob)] for blob in layer.blobs])
    inputs = [leaves[id(blob)] for blob in wanted]
    gradients = torch.autograd.grad(results, inputs, [blob.diff for blob in tops], allow_unused=True) if results \
        else [None] * len(inputs)
    return [torch.zeros_like(leaf) if gradient is None else gradient for leaf, gradient in zip(inputs, gradients)]
