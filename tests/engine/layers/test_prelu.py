"""PReLU: one learned slope for each channel, or one for all."""

from __future__ import annotations

import numpy as np
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

SHAPES = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)


@examples(30)
@given(shape=SHAPES, shared=st.sampled_from(["true", "false"]), seed=st.integers(0, 1000), in_place=st.booleans())
def test_prelu(judge, shape, shared, seed, in_place):
    x = values(*shape, seed=seed)
    x.flat[0] = 0
    judge(Case(f'type: "PReLU" prelu_param {{ channel_shared: {shared} }}', [x], in_place=in_place))


def test_large_and_negative_slopes(judge):
    judge(Case('type: "PReLU"', [values(4, 3, 2)], params=[np.array([-2, 0, 30], np.float32)]))


def test_fillers(judge):
    judge(Case('type: "PReLU"', [values(4, 3)], params="filled"))
    judge(Case('type: "PReLU" prelu_param { filler { type: "gaussian" } }', [values(4, 3)], params="filled"))


def test_other_shapes(judge):
    judge(Case('type: "PReLU"', [values(4, 3, 2, 2)], then=[[values(2, 3, 5, 1)]]))


def test_refuses_a_bottom_without_channels(judge):
    judge.refused(Case('type: "PReLU"', [values(4)]), match="needs two axes")


GOLDEN = {
    "by channel": Case('type: "PReLU"', [values(2, 3, 2)]),
    "shared, in place": Case('type: "PReLU" prelu_param { channel_shared: true }', [values(2, 3)], in_place=True),
}
