"""MultiStageMeanfield and ConnectedComponent on their way out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch_judge
from both_judges import hold_both
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

CONSTANT = {"gradients": False, "reason": "the engine's layer has none"}


def meanfield(text, shape, images, **further):
    return Case(f'type: "MultiStageMeanfield" multi_stage_meanfield_param {{ {text} }}',
                [values(*shape), values(*shape, seed=1), images], **further)


@examples(6)
@given(shape=st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
       iterations=st.integers(1, 3), seed=st.integers(0, 99))
def test_meanfield(shape, iterations, seed):
    number, _, height, width = shape
    images = values(number, 3, height, width, low=-100, high=100, seed=seed)
    hold_both(meanfield(f"num_iterations: {iterations} theta_alpha: 3 theta_beta: 40 theta_gamma: 2", shape, images))


def test_an_image_as_crf_rnn_takes_it():
    rows, columns = np.mgrid[:24, :20]
    image = np.stack([50 * (rows > columns), 100 * (rows // 8), 5 * columns])[np.newaxis] - 104.0
    hold_both(meanfield("num_iterations: 10 theta_alpha: 160 theta_beta: 3 theta_gamma: 3", (1, 5, 24, 20), image,
                   params="filled"))


@pytest.mark.parametrize("colour", [np.inf, np.nan, 1e12, 1e9])
def test_colours_too_far_apart_are_refused(colour):
    module = torch_judge.hold(meanfield("num_iterations: 1", (1, 2, 2, 3), values(1, 3, 2, 3)))
    images = torch.zeros(1, 3, 2, 3)
    images[0, :, 1, 1] = colour
    with pytest.raises(ValueError, match="larger standard deviations"):
        module(*torch.zeros(2, 1, 2, 2, 3), images)


@examples(12)
@given(shape=st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 9), st.integers(1, 9)),
       labels=st.integers(1, 3), seed=st.integers(0, 99))
def test_connected_components(shape, labels, seed):
    x = np.random.RandomState(seed).randint(-1, labels + 1, shape) * 1.4
    hold_both(Case('type: "ConnectedComponent"', [x], force_backward=False), torch=CONSTANT)


def test_a_winding_part_is_one():
    labels = np.zeros((1, 1, 15, 14), np.float32)
    labels[:, :, ::2] = 3
    labels[:, :, 1::4, -1] = labels[:, :, 3::4, 0] = 3
    module = hold_both(Case('type: "ConnectedComponent"', [labels], force_backward=False), torch=CONSTANT)
    assert module(torch.from_numpy(labels)).unique().tolist() == [0, 4]
