"""ShuffleNet's ShuffleChannel, against PyTorch's channel_shuffle and the fork's loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.shuffle_channel import shuffle_channel
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def case(shape, group, **further):
    return Case(f'type: "ShuffleChannel" shuffle_channel_param {{ group: {group} }}', [values(*shape)], **further)


@examples(30)
@given(batch=st.integers(1, 3), group=st.integers(1, 4), each=st.integers(1, 4),
       spatial=st.lists(st.integers(1, 3), max_size=3))
def test_channels_of_all_groups_in_turn(batch, group, each, spatial):
    shape = (batch, group * each, *spatial)
    diff = values(*shape, seed=1)

    found, = run_embedded(case(shape, group, top_diffs=[diff]))

    bottom = torch.from_numpy(values(*shape)).reshape(batch, group * each, -1, 1).requires_grad_()
    wanted = torch.channel_shuffle(bottom, group)
    wanted.backward(torch.from_numpy(diff).reshape(bottom.shape))
    assert np.array_equal(found["top0.data"], wanted.detach().numpy().reshape(shape))
    assert np.array_equal(found["bottom0.diff"], bottom.grad.numpy().reshape(shape))


def test_the_forks_order():
    hold(case((2, 12, 2, 3), 3), lambda bottoms, params: [shuffle_channel(bottoms[0], group=3)])


def test_other_sizes_later():
    hold(case((2, 6, 2, 3), 3, then=[[values(1, 9, 1, 4)], [values(3, 3, 2, 2)]]),
         lambda bottoms, params: [shuffle_channel(bottoms[0], group=3)])


def test_one_group_is_the_default():
    found, = run_embedded(Case('type: "ShuffleChannel"', [values(2, 3, 2)]))

    assert np.array_equal(found["top0.data"], values(2, 3, 2))


@pytest.mark.parametrize(("shape", "group", "match"), [((2, 6, 1, 1), 0, "`group` is 0"),
                                                       ((2, 6, 1, 1), 4, "2 6 1 1.*multiple of `group: 4`"),
                                                       ((6,), 1, "axis 1")])
def test_groups_that_do_not_fit_are_refused(shape, group, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case(shape, group))
