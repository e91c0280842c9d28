"""Options of losses and of Accuracy that forks have beyond Caffe 1.0: class weights, a divisor of the net's own, one
loss for each label, and scores of which the least is best. The judge is PyTorch's own cross entropy in float64.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, examples, run_embedded, values, whole_numbers
from fork_judge import agree, hold
from fork_references.softmax_with_loss import softmax_with_loss, softmax_with_loss_backward
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from cae_caffe.errors import InputError
from cae_caffe.schema import BlobProto

MODES = {"": "valid", "normalize: true": "valid", "normalize: false": "batch", "normalization: FULL": "full",
         "normalization: BATCH_SIZE": "batch", "normalization: NONE": "one",
         "normalization: PRE_FIXED pre_fixed_normalizer: 2.5": "fixed",
         "normalization: PRE_FIXED pre_fixed_normalizer: 0.5": "one", "normalization: PRE_FIXED": "one"}


def cross_entropy(prediction, labels, axis, weights, ignored, mode):
    """The loss, as an array of no axes, and its parts in the labels' shape. By PyTorch, classes on axis 1 there."""
    prediction, labels = torch.tensor(prediction, dtype=torch.float64).movedim(axis, 1), torch.tensor(labels).long()
    parts = functional.cross_entropy(prediction, labels, weight=torch.tensor(weights, dtype=torch.float64),
                                     ignore_index=ignored, reduction="none").numpy()
    valid = int((labels != ignored).sum())
    batch = int(np.prod(labels.shape[:axis]))
    divisor = {"valid": max(valid, 1), "batch": batch, "full": labels.numel(), "one": 1, "fixed": 2.5}[mode]
    return np.asarray(parts.sum() / divisor), parts


def loss(text, shape, axis=1, **others):
    labels = whole_numbers(*shape[:axis], *shape[axis + 1:], below=shape[axis])
    return Case(f'type: "SoftmaxWithLoss" softmax_param {{ axis: {axis} }} loss_param {{ {text} }}',
                [values(*shape, low=-3, high=3), labels], **others)


def class_weights(numbers):
    return "weight_by_label_freqs: true " + " ".join(f"class_weighting: {number}" for number in numbers)


@examples(40)
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4), mode=st.sampled_from(sorted(MODES)),
       ignored=st.sampled_from([None, 0, 2]), weighted=st.booleans(), data=st.data())
def test_weights_of_classes_and_divisors(shape, mode, ignored, weighted, data):
    axis = data.draw(st.integers(1, len(shape) - 1))
    weights = data.draw(st.lists(st.floats(0, 4, width=16), min_size=shape[axis], max_size=shape[axis])) \
        if weighted else [1.0] * shape[axis]
    text = mode + (f" ignore_label: {ignored}" if ignored is not None else "") \
        + (f" {class_weights(weights)}" if weighted else "")

    hold(loss(text, tuple(shape), axis), lambda bottoms, params: [cross_entropy(
        *bottoms, axis, weights, -100 if ignored is None else ignored, MODES[mode])[0]], gradients=[0])


@examples(20)
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4), axis=st.integers(1, 3), ignored=st.sampled_from([
    None, 0, 2]), mode=st.sampled_from(["FULL", "VALID", "BATCH_SIZE", "NONE", "PRE_FIXED"]), weighted=st.booleans())
def test_loss_and_gradient_by_the_forks_sources(shape, axis, ignored, mode, weighted):
    axis = min(axis, len(shape) - 1)
    weights = [0.5 + number for number in range(shape[axis])]
    text = f"normalization: {mode} pre_fixed_normalizer: 2.5" + (f" {class_weights(weights)}" if weighted else "") \
        + (f" ignore_label: {ignored}" if ignored is not None else "")
    case = loss(text, tuple(shape), axis)
    options = {"axis": axis, "ignore_label": ignored, "normalization": mode, "pre_fixed_normalizer": 2.5,
               "weight_by_label_freqs": weighted, "class_weighting": weights}
    scores, labels = (np.asarray(bottom, np.float64) for bottom in case.bottoms)

    agree(case, {"top0.data": softmax_with_loss(scores, labels, **options),
                 "bottom0.diff": softmax_with_loss_backward(1, scores, labels, **options)})


def test_weights_without_the_switch_count_for_nothing():
    plain, = run_embedded(loss("", (3, 4)))
    weighted, = run_embedded(loss("class_weighting: 7", (3, 4)))

    for name, array in plain.items():
        np.testing.assert_array_equal(weighted[name], array)


def test_a_third_top_shows_the_loss_of_each_label():
    case = loss(f"ignore_label: 1 {class_weights([1, 5, 2, 3])}", (3, 4, 2), tops=3)
    whole, parts = cross_entropy(*case.bottoms, 1, [1, 5, 2, 3], 1, "valid")

    agree(case, {"top0.data": whole, "top2.data": parts})


def test_other_sizes_later():
    case = loss(class_weights([1, 2, 3, 4]), (3, 4), then=[[values(5, 4), whole_numbers(5, below=4)]])

    hold(case, lambda bottoms, params: [cross_entropy(*bottoms, 1, [1, 2, 3, 4], -100, "valid")[0]], gradients=[0])


@pytest.mark.parametrize("weights", [[], [1, 2, 3]])
def test_another_number_of_weights_than_of_classes_is_refused(weights):
    with pytest.raises(InputError, match=f"`class_weighting` {len(weights)} times.*4 classes"):
        run_embedded(loss(class_weights(weights), (3, 4)))


@pytest.mark.parametrize("number", ["0", "-1", "inf", "nan"])
def test_a_divisor_that_is_none_is_refused(number):
    with pytest.raises(InputError, match=r"`pre_fixed_normalizer` is .*a number above 0"):
        run_embedded(loss(f"normalization: PRE_FIXED pre_fixed_normalizer: {number}", (3, 4)))


@pytest.mark.parametrize(("layer", "old"), [
    ("SigmoidCrossEntropyLoss", "BATCH_SIZE"), ("InfogainLoss", "FULL")])
def test_other_losses_divide_by_a_number_of_the_nets_own(layer, old):
    """6 examples: divided by them, and by 2.5."""
    labels = values(6, 3, low=0) if layer.startswith("Sigmoid") else whole_numbers(6, below=3)
    matrix = BlobProto(num=1, channels=1, height=3, width=3, data=np.eye(3).ravel().tolist()).SerializeToString()
    usual, other = (run_embedded(Case(
        f'type: "{layer}" infogain_loss_param {{ source: "matrix" }} loss_param {{ normalization: {text} }}',
        [values(6, 3), labels], files={"matrix": matrix}))[0] for text in (
            old, "PRE_FIXED pre_fixed_normalizer: 2.5"))

    for name in ("top0.data", "bottom0.diff"):
        np.testing.assert_allclose(other[name] * 2.5, usual[name] * 6, rtol=1e-6)


@examples(20)
@given(shape=st.lists(st.integers(1, 6), min_size=2, max_size=4), top_k=st.integers(1, 3), tops=st.integers(1, 2))
def test_the_least_scores_are_the_best(shape, top_k, tops):
    """Caffe's own Accuracy of the scores' negatives, equal ones among them."""
    scores = np.round(values(*shape, low=-3, high=3))
    labels = whole_numbers(*shape[:1], *shape[2:], below=shape[1])
    text = f'type: "Accuracy" accuracy_param {{ top_k: {min(top_k, shape[1])}'
    found, = run_embedded(Case(f"{text} min_is_better: true }}", [scores, labels], backward=False, tops=tops))
    negated, = run_embedded(Case(f"{text} }}", [-scores, labels], backward=False, tops=tops))

    for top in range(tops):
        np.testing.assert_array_equal(found[f"top{top}.data"], negated[f"top{top}.data"])
