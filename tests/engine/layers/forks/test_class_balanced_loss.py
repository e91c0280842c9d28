"""HED's SigmoidCrossEntropyLoss."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from fork_judge import hold
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def naive(bottoms, params):
    """An image at a time, edges and the others apart."""
    total = 0.0
    for image, truth in zip(*bottoms):
        scores, targets = image.ravel(), truth.ravel()
        edges, others = scores[targets == 1], scores[targets == 0]
        counted = max(1, len(edges) + len(others))
        total += np.sum(np.log1p(np.exp(-edges))) * len(others) / counted
        total += np.sum(np.log1p(np.exp(others))) * len(edges) / counted
    return [np.array(total / len(bottoms[0]))]


@examples(25)
@given(shape=st.tuples(*[st.integers(1, 4)] * 4), kinds=st.integers(1, 3))
def test_edges_and_others_are_balanced(shape, kinds):
    hold(Case('type: "ClassBalancedSigmoidCrossEntropyLoss"',
              [values(*shape, low=-4, high=4), whole_numbers(*shape, below=kinds, seed=1)]), naive, gradients=(0,))


def test_large_scores_are_numbers():
    found, = run_embedded(Case('type: "ClassBalancedSigmoidCrossEntropyLoss"',
                               [np.array([[300, -300]]), np.array([[0, 1]])]))

    assert found["top0.data"] == 300 and np.isfinite(found["bottom0.diff"]).all()


def test_other_counts_are_refused():
    with pytest.raises(InputError, match="must agree"):
        run_embedded(Case('type: "ClassBalancedSigmoidCrossEntropyLoss"', [values(2, 3), values(2, 4)]))
