"""SSD's Permute."""

from __future__ import annotations

import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.permute import permute
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def case(shape, order, **further):
    options = " ".join(f"order: {axis}" for axis in order)
    return Case(f'type: "Permute" permute_param {{ {options} }}', [values(*shape)], **further)


@examples(30)
@given(data=st.data(), shape=st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_axes_in_any_order(data, shape):
    order = data.draw(st.permutations(range(len(shape))))[:data.draw(st.integers(0, len(shape)))]

    hold(case(shape, order), lambda bottoms, params: [permute(bottoms[0], order)])


@pytest.mark.parametrize(("order", "match"), [((0, 3), "the axis 3.*axes 0 to 2"), ((1, 1), "the axis 1 2 times")])
def test_an_order_that_is_none_is_refused(order, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case((2, 3, 4), order))
