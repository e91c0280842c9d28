"""BatchReduction, InnerDistance, SpatialProduct, Affinity, Quantize and Rescale on their way out."""

from __future__ import annotations

import numpy as np
import pytest
from both_judges import hold_both
from conformance import Case, distinct, examples, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st


def reduction(text, levels, pos, *shape):
    levels = " ".join(f"level: {level}" for level in levels)
    return Case(f'type: "BatchReduction" batch_reduction_param {{ {levels} pos: {str(pos).lower()} reduction_param {{ '
                f"{text} }} }}", [distinct(*shape)])


@examples(12)
@given(operation=st.sampled_from(["SUM", "MEAN", "TOPK k: 2"]), axis=st.integers(0, 2),
       shape=st.tuples(st.integers(2, 3), st.integers(2, 4), st.integers(2, 4)))
def test_an_axis_is_reduced(operation, axis, shape):
    hold_both(reduction(f"operation: {operation} axis: {axis}", [], False, *shape))


@pytest.mark.parametrize("axis", [1, 2, -1])
@pytest.mark.parametrize(("operation", "levels"), [("SUM", [2, 1]), ("MEAN", [1, 2]), ("TOPK k: 3", [2]), ("SUM", [1])])
def test_pieces_are_reduced(operation, levels, axis):
    shape = [2, 3, 4]
    shape[axis] = sum(level**2 for level in levels)
    hold_both(reduction(f"operation: {operation} axis: {axis}", levels, False, *shape))


@pytest.mark.parametrize("operation", ["SUM", "MEAN"])
@pytest.mark.parametrize("levels", [[], [1], [2]])
@pytest.mark.parametrize("behind", [(), (3,)])
def test_the_diagonal_is_reduced(operation, levels, behind):
    hold_both(reduction(f"operation: {operation} axis: 1", levels, True, 2, 4, 4, *behind))


@pytest.mark.parametrize(("levels", "pos", "shape"), [([2], False, (4, 3)), ([], True, (3, 3, 2))])
def test_pieces_of_the_batch_have_its_length(levels, pos, shape):
    hold_both(reduction("axis: 0", levels, pos, *shape), torch={"batches": False}, onnx={"dynamic": False})


def test_of_equal_values_the_first_are_the_largest():
    x = np.float32([[1, 2, 2, 2, 0], [3, 3, 3, 3, 3]])
    text = 'type: "BatchReduction" batch_reduction_param { reduction_param { operation: TOPK k: 2 axis: 1 } }'
    hold_both(Case(text, [x]))


@examples(16)
@given(kind=st.sampled_from(["L1", "L2"]), axis=st.integers(1, 2), number=st.integers(1, 4), normalize=st.booleans(),
       has_weights=st.booleans(), has_labels=st.booleans(), shape=st.tuples(*[st.integers(1, 3)] * 3))
def test_inner_distance(kind, axis, number, normalize, has_weights, has_labels, shape):
    features = int(np.prod(shape[axis:]))
    bottoms = [values(*shape)]
    if not has_weights:
        bottoms.append(values(number + 5, features, seed=1))        # of another length than the batch
    if has_labels:
        bottoms.append(whole_numbers(*shape[:axis], below=number))
    text = (f"num_output: {number} axis: {axis} distance_type: '{kind}' normalize: {str(normalize).lower()} "
            f"update_center_only: {str(has_labels).lower()}")
    # Each pass divides by lengths a little above the rows' own, which only rows much longer than that do not show.
    params = [values(number, features, low=0.5, high=2, seed=2)] if has_weights else None
    hold_both(Case(f'type: "InnerDistance" inner_distance_param {{ {text} }}', bottoms, params=params),
              torch={"tolerance": 1e-5, "reason": "weights divided by lengths that nearly are 1, a second time"})


def test_vectors_of_several_axes():
    hold_both(Case('type: "InnerDistance"', [values(2, 3, 2), values(4, 2, 3, seed=1)]))


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 2, 2)])
def test_spatial_product(shape):
    number, _, height, width = shape
    hold_both(Case('type: "SpatialProduct"', [values(*shape), values(number, 1, height, width, seed=1)]))


@pytest.mark.parametrize(("text", "shapes"), [
    ("", [(2, 2, 4, 5)]), ("offset: 1 offset: 0", [(2, 2, 3, 4), (2, 3, 4, 3)]), ("offset: 2", [(2, 3, 3, 3)]),
    ("", [(2, 2, 1, 4)]), ("", [(2, 1, 3, 4)])])
def test_affinity(text, shapes):
    hold_both(Case(f'type: "Affinity" affinity_param {{ {text} }}',
              [distinct(*shape, seed=seed) for seed, shape in enumerate(shapes)], tops=len(shapes)))


def test_affinities_of_equal_neighbours():
    x = whole_numbers(2, 2, 5, 5, below=2)
    hold_both(Case('type: "Affinity"', [x]))


# ---- DeepSkeleton's, which have no gradient

NONE = {"gradients": False, "reason": "the engine's layer has none"}


def test_quantize():
    x = np.float32([-3, 0, 0.99, 1, 11.5, 12, 35, 36, 79.9, 80, 199, 200, 1e4, np.inf]).reshape(2, 7)
    hold_both(Case('type: "Quantize"', [x], force_backward=False), torch=NONE)


@pytest.mark.parametrize("tops", [1, 2])
def test_rescale(tops):
    x = np.float32([-3, 0, 1e-4, 2e-4, 1, 13.5, 14, 15]).reshape(2, 1, 2, 2)
    hold_both(Case('type: "Rescale" rescale_param { rf: 14 }', [x], tops=tops, force_backward=False), torch=NONE)
