"""EuclideanLoss, ContrastiveLoss and SigmoidCrossEntropyLoss against real Caffe."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)
WEIGHTS = st.sampled_from(["", "loss_weight: 0", "loss_weight: 2.5"])
MODES = ["", "normalization: FULL", "normalization: VALID", "normalization: BATCH_SIZE", "normalization: NONE",
         "normalize: true", "normalize: false"]


def pair(type_name: str, text: str, *shape: int, low: float = -2, **others) -> Case:
    bottoms = [values(*shape, low=low, high=2, seed=seed) for seed in (0, 1)]
    return Case(f'type: "{type_name}" {text}', bottoms, **others)


@examples(20)
@given(shape=SHAPES, weight=WEIGHTS)
def test_euclidean_loss(judge, shape, weight):
    judge(pair("EuclideanLoss", weight, *shape))


def test_euclidean_loss_of_shapes_with_the_same_count(judge):
    judge(Case('type: "EuclideanLoss"', [values(3, 4, 2), values(3, 8, seed=1)]))


@pytest.mark.parametrize("flags", ["true false", "false true", "false false"])
def test_euclidean_loss_propagates_where_told(judge, flags):
    down = " ".join(f"propagate_down: {flag}" for flag in flags.split())
    branch = ("layer {{ name: '{0}' type: 'InnerProduct' bottom: '{0}' top: 'ip{0}' "
              "inner_product_param {{ num_output: 2 }} }}")
    judge(Case(branch.format("a") + branch.format("b") + "layer { name: 'loss' type: 'EuclideanLoss' bottom: 'ipa' "
               f"bottom: 'ipb' top: 'loss' {down} }}", {"a": values(4, 3), "b": values(4, 2)}, force_backward=False))


@pytest.mark.parametrize("shapes, match", [
    ([(3, 4), (2, 4)], "the batch, must agree"), ([(3, 4), (3, 5)], "as many values"), ([(), ()], "the batch"),
])
def test_euclidean_loss_refuses_other_shapes(judge, shapes, match):
    judge.refused(Case('type: "EuclideanLoss"', [values(*shape) for shape in shapes]), match)


def contrastive(text: str, batch: int, channels: int, *, more_axes: tuple = (), scale: float = 0.7, **others) -> Case:
    shape = (batch, channels) + more_axes
    return Case(f'type: "ContrastiveLoss" contrastive_loss_param {{ {text} }}',
                [values(*shape, low=-scale, high=scale), values(*shape, low=-scale, high=scale, seed=1),
                 whole_numbers(batch, below=2, seed=2)], **others)


@examples(30)
@given(legacy=st.booleans(), margin=st.sampled_from([0, 0.5, 1, 3]), batch=st.integers(1, 9),
       channels=st.integers(1, 4), more_axes=st.sampled_from([(), (1,), (1, 1)]))
def test_contrastive_loss(judge, legacy, margin, batch, channels, more_axes):
    judge(contrastive(f"margin: {margin} legacy_version: {str(legacy).lower()}", batch, channels, more_axes=more_axes))


def test_contrastive_loss_of_equal_codes(judge):
    judge(Case('type: "ContrastiveLoss"', [np.ones((3, 2)), np.ones((3, 2)), np.array([0, 1, 0.5])]))


@pytest.mark.parametrize("shapes, match", [
    ([(3, 4), (3, 5), (3,)], "must be"), ([(3, 4, 2, 1), (3, 4, 2, 1), (3,)], "must be"),
    ([(3, 4), (3, 4), (3, 2)], "whether it is similar"),
])
def test_contrastive_loss_refuses_other_shapes(judge, shapes, match):
    judge.refused(Case('type: "ContrastiveLoss"', [values(*shape) for shape in shapes]), match)


def cross_entropy(text: str, *shape: int, scale: float = 3, **others) -> Case:
    return Case(f'type: "SigmoidCrossEntropyLoss" {text}',
                [values(*shape, low=-scale, high=scale), values(*shape, low=0, seed=1)], **others)


@examples(30)
@given(shape=SHAPES, mode=st.sampled_from(MODES), weight=WEIGHTS)
def test_sigmoid_cross_entropy_loss(judge, shape, mode, weight):
    judge(cross_entropy(f"loss_param {{ {mode} }} {weight}", *shape))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ignored", [-1, 0, 1, 2])
def test_sigmoid_cross_entropy_loss_ignores_labels(judge, mode, ignored):
    # Caffe truncates: with 0 all targets below 1 are ignored, and those above -1.
    targets = np.array([[0, 1, -1, 0.5], [-1, -0.5, 1, 1.5], [-1, -1, 2, 0]])
    judge(Case(f'type: "SigmoidCrossEntropyLoss" loss_param {{ {mode} ignore_label: {ignored} }}',
               [values(3, 4), targets]))


def test_sigmoid_cross_entropy_loss_of_large_values(judge):
    judge(cross_entropy("", 3, 7, scale=300))


def test_sigmoid_cross_entropy_loss_is_the_exact_sum_where_caffes_rounds(judge):
    # A batch as large as MNIST's, from a net that shows the same grey everywhere: Caffe adds 78400 terms, nearly all
    # alike, one after the other in float32, so that they are all rounded the same way.
    logits = np.full((100, 784), -1.3, np.float32)
    targets = (values(100, 784, low=0, seed=1) < 0.15).astype(np.float32)
    case = Case('type: "SigmoidCrossEntropyLoss"', [logits, targets], backward=False)
    terms = np.where(targets == 1, np.logaddexp(0, 1.3), np.logaddexp(0, -1.3)).astype(np.float32).ravel()
    (ours,), (real,) = run_embedded(case), judge.real(case)
    exact, running = terms.sum(dtype=np.float64) / 100, np.cumsum(terms, dtype=np.float32)[-1] / 100
    np.testing.assert_allclose(ours["top0.data"], exact, rtol=1e-6)
    np.testing.assert_allclose(real["top0.data"], running, rtol=1e-5)
    assert abs(running / exact - 1) > 1e-4


def test_sigmoid_cross_entropy_loss_of_shapes_with_the_same_count(judge):
    judge(Case('type: "SigmoidCrossEntropyLoss"', [values(3, 4, 2), values(3, 8, low=0, seed=1)]))


@pytest.mark.parametrize("shapes, match", [([(3, 4), (2, 4)], "agree"), ([(3, 4), (3, 5)], "agree")])
def test_sigmoid_cross_entropy_loss_refuses_other_shapes(judge, shapes, match):
    judge.refused(Case('type: "SigmoidCrossEntropyLoss"', [values(*shape) for shape in shapes]), match)


def test_sigmoid_cross_entropy_loss_refuses_to_propagate_to_the_targets(judge):
    judge.refused(cross_entropy("propagate_down: true propagate_down: true", 3, 4), "no gradient for its bottom")


GOLDEN = {
    "euclidean": pair("EuclideanLoss", "loss_weight: 0.5", 3, 4),
    "contrastive": contrastive("margin: 1", 6, 3),
    "contrastive, legacy": contrastive("legacy_version: true", 6, 3),
    "sigmoid cross entropy": cross_entropy("", 3, 2, 2),
    "sigmoid cross entropy, ignoring": Case(
        'type: "SigmoidCrossEntropyLoss" loss_param { normalization: VALID ignore_label: -1 }',
        [values(2, 3), np.array([[0, 1, -1], [-1, 1, 0.5]])]),
}
