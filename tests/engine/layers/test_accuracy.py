"""Accuracy against real Caffe."""

from __future__ import annotations

import numpy as np
from conformance import Case, examples, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st


def accuracy(text: str, shape: tuple, label_shape: tuple, classes: int, **others) -> Case:
    # Few different scores, so that some are equal.
    scores = np.round(values(*shape, low=-3, high=3))
    return Case(f'type: "Accuracy" accuracy_param {{ {text} }}', [scores, whole_numbers(*label_shape, below=classes)],
                backward=False, **others)


@examples(40)
@given(shape=st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple), tops=st.integers(1, 2), data=st.data(),
       ignored=st.sampled_from(["", "ignore_label: 0", "ignore_label: 7"]))
def test_axes_and_best_predictions(judge, shape, tops, data, ignored):
    axis = data.draw(st.integers(0, len(shape) - 1))
    top_k = data.draw(st.integers(1, shape[axis]))
    judge(accuracy(f"axis: {axis - len(shape)} top_k: {top_k} {ignored}", shape, shape[:axis] + shape[axis + 1:],
                   shape[axis], tops=tops))


def test_no_label_counts(judge):
    judge(Case('type: "Accuracy" accuracy_param { ignore_label: 2 }', [values(3, 4), np.full(3, 2)], tops=2,
               backward=False))


def test_scores_that_are_no_numbers(judge):
    scores = values(4, 3)
    scores[1] = np.nan
    judge(Case('type: "Accuracy"', [scores, whole_numbers(4, below=3)], backward=False))


def test_refuses_more_of_the_best_than_classes(judge):
    judge.refused(accuracy("top_k: 5", (3, 4), (3,), 4), "have 4 classes")


def test_refuses_labels_of_another_number(judge):
    judge.refused(accuracy("", (3, 4), (2,), 4), "there must be 3 labels")


def test_has_no_gradient(judge):
    judge.refused(Case('type: "Accuracy"', [values(3, 4), whole_numbers(3, below=4)]), "no gradient for its bottom")


GOLDEN = {
    "default": accuracy("", (8, 3), (8,), 3),
    "by class": accuracy("top_k: 2 ignore_label: 1", (6, 3, 2), (6, 2), 3, tops=2),
}
