"""SoftmaxWithLoss against real Caffe."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

MODES = ["", "normalization: FULL", "normalization: VALID", "normalization: BATCH_SIZE", "normalization: NONE",
         "normalize: true", "normalize: false"]


def loss(text: str, shape: tuple, label_shape: tuple, classes: int, scale: float = 3, **others) -> Case:
    return Case(f'type: "SoftmaxWithLoss" {text}',
                [values(*shape, low=-scale, high=scale), whole_numbers(*label_shape, below=classes)], **others)


@examples(40)
@given(shape=st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple), mode=st.sampled_from(MODES),
       ignored=st.sampled_from(["", "ignore_label: 0", "ignore_label: -1"]), data=st.data())
def test_axes_and_normalization(judge, shape, mode, ignored, data):
    axis = data.draw(st.integers(1, len(shape) - 1))
    judge(loss(f"softmax_param {{ axis: {axis} }} loss_param {{ {mode} {ignored} }}", shape,
               shape[:axis] + shape[axis + 1:], shape[axis]))


def test_axis_0(judge):
    judge(loss("softmax_param { axis: 0 }", (4, 4), (4,), 4))


def test_labels_with_more_axes(judge):
    judge(loss("", (3, 4, 2, 5), (3, 1, 2, 5), 4))


def test_labels_are_truncated(judge):
    judge(Case('type: "SoftmaxWithLoss"', [values(4, 3), np.array([0.9, 1.2, 2.7, -0.5])]))


def test_all_labels_ignored(judge):
    judge(Case('type: "SoftmaxWithLoss" loss_param { ignore_label: 255 }', [values(3, 4), np.full(3, 255)]))


@pytest.mark.parametrize("scale", [60, 300])
def test_probabilities_that_vanish(judge, scale):
    judge(loss("", (20, 5), (20,), 5, scale=scale))


def test_loss_weight(judge):
    judge(loss("loss_weight: 0.3", (3, 4), (3,), 4))


@pytest.mark.parametrize("weights", ["", "loss_weight: 1 loss_weight: 0"])
def test_probabilities_as_second_top(weights):
    """Caffe documents this top and then refuses it, since it hands the two loss weights on to its inner Softmax."""
    one, = run_embedded(loss("", (3, 4, 2), (3, 2), 4))
    two, = run_embedded(loss(weights, (3, 4, 2), (3, 2), 4, tops=2))
    softmax, = run_embedded(Case('type: "Softmax"', loss("", (3, 4, 2), (3, 2), 4).bottoms[:1]))
    np.testing.assert_array_equal(two["top1.data"], softmax["top0.data"])
    np.testing.assert_array_equal(two["bottom0.diff"], one["bottom0.diff"])
    assert two["top0.data"] == one["top0.data"]


def test_top_left_out(judge):
    judge(loss("", (3, 4), (3,), 4, tops=0))


def test_other_sizes_later(judge):
    judge(loss("", (3, 4), (3,), 4, then=[[values(5, 4), whole_numbers(5, below=4)],
                                                  [values(2, 6), whole_numbers(2, below=6)]]))


def test_refuses_labels_of_another_number(judge):
    judge.refused(loss("", (3, 4, 2), (3, 3), 4), "there must be 6 labels")


def test_refuses_other_batches(judge):
    judge.refused(loss("", (3, 4), (2,), 4), "the batch, must agree")


def test_refuses_to_propagate_to_the_labels(judge):
    judge.refused(loss("propagate_down: true propagate_down: true", (3, 4), (3,), 4), "no gradient for its bottom")


@pytest.mark.parametrize("label", [4, -1])
def test_a_label_that_is_no_class_is_an_error(label):
    case = Case('type: "SoftmaxWithLoss"', [values(2, 4), np.array([label, 0])])
    with pytest.raises(InputError, match=rf"found the label {label} in its bottom `bottom1`.*have 4 classes"):
        run_embedded(case)


GOLDEN = {
    "default": loss("", (3, 4), (3,), 4),
    "images": loss("loss_param { normalization: BATCH_SIZE ignore_label: 1 }", (2, 3, 2, 2),
                   (2, 2, 2), 3),
    "weighted": loss("loss_weight: 0.3 loss_param { normalization: NONE }", (3, 4), (3,), 4),
}
