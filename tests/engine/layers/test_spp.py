"""SPP: spatial pyramid pooling."""

from __future__ import annotations

import pytest
from conformance import Case, distinct, examples, values
from hypothesis import assume, given
from hypothesis import strategies as st


def fits(length, bins):
    """Whether Caffe's padding of a level is smaller than its windows, as its Pooling layers want it."""
    window = -(-length // bins)
    return (window * bins - length + 1) // 2 < window


@examples(40)
@given(number=st.integers(1, 3), channels=st.integers(1, 3), height=st.integers(1, 16), width=st.integers(1, 16),
       levels=st.integers(1, 4), pool=st.sampled_from(["MAX", "AVE"]), seed=st.integers(0, 1000))
def test_pyramids(judge, number, channels, height, width, levels, pool, seed):
    assume(all(fits(length, 2 ** level) for level in range(levels) for length in (height, width)))
    judge(Case(f'type: "SPP" spp_param {{ pyramid_height: {levels} pool: {pool} }}',
               [distinct(number, channels, height, width, seed=seed)]))


def test_other_shapes(judge):
    judge(Case('type: "SPP" spp_param { pyramid_height: 2 }', [distinct(2, 2, 6, 5)], then=[[distinct(1, 2, 4, 8)]]))


def test_refuses_padding_as_large_as_the_windows(judge):
    judge.refused(Case('type: "SPP" spp_param { pyramid_height: 3 }', [values(1, 1, 5, 5)]), match="level 2 of its")


def test_refuses_blobs_that_are_no_images(judge):
    judge.refused(Case('type: "SPP" spp_param { pyramid_height: 2 }', [values(2, 3, 4)]), match="images of 4 axes")


@pytest.mark.parametrize("pool, capturable", [("MAX", True), ("STOCHASTIC", False)])
def test_a_step_that_draws_is_not_recorded(build_train_net, pool, capturable):
    net = build_train_net('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 1, 4, 4] } } }\n'
                          f'layer {{ name: "s" type: "SPP" bottom: "x" top: "s" spp_param {{ pyramid_height: 2 '
                          f'pool: {pool} }} }}')
    assert net.layers[1].is_capturable() is capturable


GOLDEN = {
    "three levels": Case('type: "SPP" spp_param { pyramid_height: 3 }', [distinct(1, 2, 8, 6)]),
    "one level": Case('type: "SPP" spp_param { pyramid_height: 1 pool: AVE }', [distinct(2, 2, 3, 4)]),
}
