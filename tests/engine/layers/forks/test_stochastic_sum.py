"""TSN's Eltwise with STOCHASTIC_SUM: in TEST Caffe 1.0's sum, in TRAIN one of the sums that can be drawn."""

from __future__ import annotations

import itertools

import numpy as np
from conformance import Case, run_embedded, values
from fork_judge import hold_against_caffe
from fork_references.batch_reduction import stochastic_sum

COEFF = [0.25, 1.0, 0.5]
BOTTOMS = [values(2, 3, seed=i) for i in range(3)]


def case(operation: str, **further) -> Case:
    coeff = " ".join(f"coeff: {one}" for one in COEFF)
    return Case(f'type: "Eltwise" eltwise_param {{ operation: {operation} {coeff} }}', BOTTOMS, **further)


def test_in_test_it_is_the_sum(judge):
    hold_against_caffe(judge, case("STOCHASTIC_SUM", phase="TEST"), case("SUM", phase="TEST"))


def test_without_coefficients_it_is_the_sum():
    found, = run_embedded(Case('type: "Eltwise" eltwise_param { operation: STOCHASTIC_SUM }', BOTTOMS))

    np.testing.assert_allclose(found["top0.data"], sum(BOTTOMS), rtol=1e-6)


def test_in_train_bottoms_are_drawn_by_their_coefficients():
    """The gradient goes to those that are in the sum, and to them whole."""
    sums = {drawn: stochastic_sum(BOTTOMS, COEFF, [share if is_in else 2 for share, is_in in zip(COEFF, drawn)])
            for drawn in itertools.product([False, True], repeat=3)}
    diff = values(2, 3, seed=9)
    counts = np.zeros(3)
    passes = run_embedded(case("STOCHASTIC_SUM", passes=200, top_diffs=[diff]))
    for found in passes:
        drawn, = [drawn for drawn, wanted in sums.items() if np.allclose(found["top0.data"], wanted, atol=1e-6)]
        counts += drawn
        for number, is_in in enumerate(drawn):
            assert np.array_equal(found[f"bottom{number}.diff"], diff * is_in)
    assert counts[1] == 200
    assert abs(counts[0] / 200 - 0.25) < 0.1 and abs(counts[2] / 200 - 0.5) < 0.1


def test_values_that_are_not_drawn_do_not_matter():
    bottoms = [np.full((2, 3), np.inf, np.float32), BOTTOMS[1]]
    text = 'type: "Eltwise" eltwise_param { operation: STOCHASTIC_SUM coeff: -1 coeff: 1 }'

    found, = run_embedded(Case(text, bottoms))

    assert np.array_equal(found["top0.data"], BOTTOMS[1])
