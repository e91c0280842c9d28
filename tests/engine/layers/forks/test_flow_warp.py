"""FlowNet 2.0's FlowWarp and ChannelNorm."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, distinct, examples, run_embedded, values
from fork_judge import agree, hold
from fork_references.channel_norm import channel_norm
from fork_references.flow_warp import flow_warp, flow_warp_backward
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from cae_caffe.errors import InputError

LENGTHS = st.integers(2, 5)


def flow_of(*shape, reach, seed=0):
    """A flow between pixels, away from the kinks at whole ones."""
    whole = np.random.RandomState(seed).randint(-reach, reach, shape)
    return (whole + values(*shape, low=0.1, high=0.9, seed=seed)).astype(np.float32)


def warped_by_pytorch(image, flow):
    """grid_sample's, with its corners -1 and 1; outside NaN."""
    height, width = image.shape[2:]
    x, y = flow[:, 0] + np.arange(width), flow[:, 1] + np.arange(height)[:, None]
    grid = np.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], -1)
    result = functional.grid_sample(torch.from_numpy(image), torch.from_numpy(grid), padding_mode="border",
                                    align_corners=True).numpy()
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return np.where(inside[:, None], result, np.nan)


@examples(25)
@given(number=st.integers(1, 2), channels=st.integers(1, 3), height=LENGTHS, width=LENGTHS,
       reach=st.sampled_from([1, 2, 6]))
def test_warping(number, channels, height, width, reach):
    case = Case('type: "FlowWarp"', [values(number, channels, height, width),
                                     flow_of(number, 2, height, width, reach=reach)])

    hold(case, lambda bottoms, params: [np.nan_to_num(warped_by_pytorch(*bottoms))])
    hold(case, lambda bottoms, params: [flow_warp(*bottoms)])


def test_a_flow_of_whole_pixels_has_the_slope_to_the_next():
    bottoms = [values(1, 2, 4, 4), np.random.RandomState(0).randint(-2, 3, (1, 2, 4, 4)).astype(np.float32)]
    top_diff = values(1, 2, 4, 4, seed=3)

    image_diff, flow_diff = flow_warp_backward(*bottoms, top_diff)

    agree(Case('type: "FlowWarp"', bottoms, top_diffs=[top_diff]),
          {"bottom0.diff": image_diff, "bottom1.diff": flow_diff})


def test_what_comes_from_outside_may_be_no_number():
    bottoms = [values(1, 2, 3, 4), flow_of(1, 2, 3, 4, reach=3)]
    wanted = warped_by_pytorch(*(bottom.astype(np.float64) for bottom in bottoms))
    assert np.isnan(wanted).any()

    for text, tops in (("", np.nan_to_num(wanted)), ("fill_value: ZERO", np.nan_to_num(wanted)),
                       ("fill_value: NOT_A_NUMBER", wanted)):
        agree(Case(f'type: "FlowWarp" flow_warp_param {{ {text} }}', bottoms), {"top0.data": tops})


def test_a_flow_that_is_no_number_comes_from_outside():
    flow = np.full((1, 2, 1, 2), np.nan, np.float32)
    found, = run_embedded(Case('type: "FlowWarp"', [values(1, 1, 1, 2), flow]))

    assert not found["top0.data"].any() and not found["bottom0.diff"].any() and not found["bottom1.diff"].any()


@pytest.mark.parametrize("flow", [(1, 3, 4, 5), (1, 2, 4, 4), (2, 2, 4, 5), (1, 2)])
def test_flows_of_other_shapes_are_refused(flow):
    with pytest.raises(InputError, match="the second must be the flow, 1 2 4 5"):
        run_embedded(Case('type: "FlowWarp"', [values(1, 3, 4, 5), values(*flow)]))


@examples(15)
@given(shape=st.tuples(*[st.integers(1, 4)] * 4))
def test_lengths_of_channels(shape):
    hold(Case('type: "ChannelNorm"', [distinct(*shape)]), lambda bottoms, params: [channel_norm(bottoms[0])])


def test_a_vector_of_zeros_has_no_gradient():
    found, = run_embedded(Case('type: "ChannelNorm"', [np.zeros((1, 2, 1, 1))]))

    assert not found["bottom0.diff"].any()


def test_channels_that_are_no_image_are_refused():
    with pytest.raises(InputError, match="ChannelNorm takes images of 4 axes"):
        run_embedded(Case('type: "ChannelNorm"', [values(2, 3)]))
