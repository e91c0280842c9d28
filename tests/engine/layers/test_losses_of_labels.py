"""HingeLoss, MultinomialLogisticLoss and InfogainLoss against real Caffe."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.schema import BlobProto

SHAPES = st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)


def classes_of(shape: tuple) -> int:
    return int(np.prod(shape[1:]))


def hinge(norm: str, *shape: int, weight: str = "") -> Case:
    return Case(f'type: "HingeLoss" hinge_loss_param {{ {norm} }} {weight}',
                [values(*shape, low=-2, high=2), whole_numbers(shape[0], below=classes_of(shape))])


@examples(20)
@given(norm=st.sampled_from(["", "norm: L1", "norm: L2"]), shape=SHAPES, weight=st.sampled_from(["", "loss_weight: 3"]))
def test_hinge_loss(judge, norm, shape, weight):
    judge(hinge(norm, *shape, weight=weight))


def test_hinge_loss_on_the_margin(judge):
    judge(Case('type: "HingeLoss"', [np.array([[1, -1, 0], [0, 1, -1]]), np.array([0, 1])]))


def test_hinge_loss_takes_the_first_labels(judge):
    judge(Case('type: "HingeLoss"', [values(4, 3), whole_numbers(4, 2, below=3)]))


def test_hinge_loss_refuses_to_propagate_to_the_labels(judge):
    judge.refused(Case('type: "HingeLoss" propagate_down: true propagate_down: true',
                       [values(4, 3), whole_numbers(4, below=3)]), "has no gradient for its bottom `bottom1`")


def multinomial(*shape: int, weight: str = "", low: float = 0.05) -> Case:
    return Case(f'type: "MultinomialLogisticLoss" {weight}',
                [values(*shape, low=low, high=1), whole_numbers(shape[0], below=classes_of(shape))])


@examples(20)
@given(shape=SHAPES, weight=st.sampled_from(["", "loss_weight: 0.1"]))
def test_multinomial_logistic_loss(judge, shape, weight):
    judge(multinomial(*shape, weight=weight))


def test_multinomial_logistic_loss_of_no_probabilities(judge):
    judge(Case('type: "MultinomialLogisticLoss"', [np.array([[0, 1], [1e-25, 1], [-1, 1]]), np.array([0, 0, 0])]))


def test_multinomial_logistic_loss_refuses_several_labels_a_row(judge):
    judge.refused(Case('type: "MultinomialLogisticLoss"', [values(3, 4, low=0), whole_numbers(3, 2, below=4)]),
                  "one for each row")


def infogain(text: str, shape: tuple, axis: int = 1, tops: int = 1, scale: float = 3) -> Case:
    """The matrix as a file."""
    number = shape[axis]
    message = BlobProto(num=1, channels=1, height=number, width=number)
    message.data.extend(values(number * number, low=-0.5, seed=2).tolist())
    labels = whole_numbers(*shape[:axis], *shape[axis + 1:], below=number)
    weights = "loss_weight: 1 loss_weight: 0" if tops == 2 else ""      # Caffe wants them then
    return Case(f'type: "InfogainLoss" infogain_loss_param {{ source: "matrix" axis: {axis} }} {text} {weights}',
                [values(*shape, low=-scale, high=scale), labels], tops=tops,
                files={"matrix": message.SerializeToString()})


@examples(30)
@given(shape=SHAPES, mode=st.sampled_from(["", "FULL", "VALID", "BATCH_SIZE", "NONE"]), tops=st.integers(1, 2),
       ignored=st.sampled_from(["", "ignore_label: 0"]), data=st.data())
def test_infogain_loss(judge, shape, mode, tops, ignored, data):
    axis = data.draw(st.integers(1, len(shape) - 1))
    judge(infogain(f'loss_param {{ {mode and "normalization: " + mode} {ignored} }}', shape, axis, tops))


def test_infogain_loss_of_probabilities_that_vanish(judge):
    judge(infogain("", (5, 4), scale=100))


MATRIX_AS_BOTTOM = Case("""
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 3 } }
    layer { name: "loss" type: "InfogainLoss" bottom: "ip" bottom: "label" bottom: "matrix" top: "loss" }""",
    {"x": values(4, 2), "label": whole_numbers(4, below=3), "matrix": values(1, 1, 3, 3, seed=3)}, force_backward=False)


def test_infogain_loss_with_the_matrix_as_a_bottom(judge):
    judge(MATRIX_AS_BOTTOM)


@pytest.mark.parametrize("text, match", [
    ("", "it has no matrix"),
    ('infogain_loss_param { source: "nowhere" }', "there is no such file"),
])
def test_infogain_loss_refuses_to_do_without_a_matrix(judge, text, match):
    judge.refused(Case(f'type: "InfogainLoss" {text}', [values(3, 4), whole_numbers(3, below=4)]), match)


def test_infogain_loss_refuses_a_matrix_of_another_size(judge):
    case = infogain("", (3, 4))
    judge.refused(Case(case.text, [values(3, 5), whole_numbers(3, below=5)], files=case.files), "5 x 5")


def test_infogain_loss_refuses_the_old_normalize(judge):
    judge.refused(infogain("loss_param { normalize: true }", (3, 4)), "give `normalization`")


def test_infogain_loss_refuses_to_propagate_to_the_matrix(judge):
    judge.refused(Case('type: "InfogainLoss"', [values(3, 4), whole_numbers(3, below=4), values(4, 4)]),
                  "no gradient for its bottom `bottom2`")


GOLDEN = {
    "hinge": hinge("", 3, 4),
    "hinge L2": hinge("norm: L2", 3, 4),
    "multinomial": multinomial(3, 4),
    "infogain": infogain("loss_param { ignore_label: 1 }", (2, 3, 2), tops=2),
    "infogain, matrix as bottom": MATRIX_AS_BOTTOM,
}
