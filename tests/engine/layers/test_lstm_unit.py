"""LSTMUnit against real Caffe, and its gradient against finite differences in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from central_differences import slope
from conformance import Case, examples, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st


def unit(streams: int, units: int, cont=None, size: float = 2, **others) -> Case:
    cont = whole_numbers(1, streams, below=2, seed=3) if cont is None else cont
    return Case('type: "LSTMUnit"', [values(1, streams, units), values(1, streams, 4 * units, low=-size, high=size,
                                                                       seed=1), cont], tops=2, **others)


@examples(20)
@given(streams=st.integers(1, 4), units=st.integers(1, 5), size=st.sampled_from([0.1, 2, 30, 300]))
def test_values_and_gradients(judge, streams, units, size):
    judge(unit(streams, units, size=size), floor=0.1, reason="where gates are shut all slopes may be as good as 0")


def test_a_marker_between_0_and_1_is_a_part_of_the_forget_gate(judge):
    judge(unit(4, 3, np.array([[0.5, 1, 2, -0.25]])))


def test_other_numbers_of_streams_later(judge):
    first, second, third = unit(2, 3), unit(5, 3), unit(1, 3)
    judge(Case(first.text, first.bottoms, tops=2, then=[second.bottoms, third.bottoms]))


def test_what_is_no_number_is_forgotten_where_a_sequence_begins(judge):
    case = unit(3, 2, np.array([[0, 1, 0]]))
    cells, sums, cont = (np.array(bottom, np.float32) for bottom in case.bottoms)
    sums[0, 0, 2], sums[0, 1, 3], sums[0, 2, 0], cells[0, 1, 1] = np.nan, np.nan, np.inf, -np.inf
    judge(Case(case.text, [cells, sums, cont], tops=2))


@pytest.mark.parametrize("shapes, match", [
    ([(1, 2, 3), (1, 2, 12), (1, 2, 1)], "1 x N x D, 1 x N x 4D and 1 x N"),
    ([(2, 2, 3), (1, 2, 12), (1, 2)], "1 x N x D"),
    ([(1, 2, 3), (1, 3, 12), (1, 2)], "1 x N x D"),
    ([(1, 2, 3), (1, 2, 11), (1, 2)], "its cell has 3 units and its second bottom 11 sums; it takes 4 for each"),
    ([(1, 2, 3), (1, 2, 12)], "takes exactly 3"),
])
def test_refusals(judge, shapes, match):
    judge.refused(Case('type: "LSTMUnit"', [values(*shape) for shape in shapes], tops=2), match)


def test_markers_have_no_gradient(judge):
    judge.refused(Case('type: "LSTMUnit" loss_weight: 1 loss_weight: 0 ' + "propagate_down: true " * 3,
                       unit(2, 3).bottoms, tops=2), "has no gradient for its bottom `bottom2`")


def formula(cells: np.ndarray, sums: np.ndarray, cont: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the layer computes, in float64."""
    entered, forgotten, shown = 1 / (1 + np.exp(-np.stack(np.split(sums, 4, 2)[:3])))
    new = cont[..., np.newaxis] * forgotten * cells + entered * np.tanh(np.split(sums, 4, 2)[3])
    return new, shown * np.tanh(new)


def test_gradient_is_that_of_finite_differences(build_train_net):
    case = unit(3, 4, np.array([[0, 1, 1]]))
    net = build_train_net(case.prototxt)
    bottoms, tops = net.bottoms[-1], net.tops[-1]
    arrays = [np.asarray(array, np.float64) for array in case.bottoms]
    weights = [values(1, 3, 4, seed=10 + i).astype(np.float64) for i in range(2)]
    for blob, array in zip(bottoms, arrays):
        blob.data.copy_(torch.from_numpy(array))
    net.forward()
    for blob, weight in zip(tops, weights):
        blob.diff.copy_(torch.from_numpy(weight))
    net.backward()

    def total() -> float:
        return sum(float((weight * top).sum()) for weight, top in zip(weights, formula(*arrays)))

    for blob, array in zip(bottoms[:2], arrays):
        for place in np.ndindex(*array.shape):
            assert float(blob.diff[place]) == pytest.approx(slope(total, array, place), rel=1e-5, abs=1e-6), place


GOLDEN = {"a step of two streams": unit(2, 3)}
