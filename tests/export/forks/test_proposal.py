"""Proposal, and py-faster-rcnn's Python layer, on their way out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from both_judges import hold_both, refused_by_both
from conformance import Case, distinct, examples, values
from hypothesis import given
from hypothesis import strategies as st

CONSTANT = {"gradients": False, "reason": "regions count as constants"}
OF_ONE = {"torch": {"batches": False, **CONSTANT}, "onnx": {"dynamic": False}}     # it takes one image
OPTIONS = {"feat_stride": 8, "base_size": 8, "min_size": 4, "ratio": [0.5, 1.0], "scale": [1.0, 2.0],
           "pre_nms_topn": 30, "post_nms_topn": 5, "nms_thresh": 0.5}


def case(bottoms, options=None, tops=2):
    text = " ".join(f"{name}: {value}" for name, given in (OPTIONS if options is None else options).items()
                    for value in (given if isinstance(given, list) else [given]))
    return Case(f'type: "Proposal" proposal_param {{ {text} }}', bottoms, tops)


def bottoms(images, rows, columns, number=4, seed=0, stretch=1.0, stride=8):
    """Scores, of which no two are equal, deltas, and the sizes of images that fit."""
    scores = (distinct(images, 2 * number, rows, columns, seed=seed) + 1) / 2
    deltas = values(images, 4 * number, rows, columns, low=-stretch, high=stretch, seed=seed)
    return [scores, deltas, np.tile([stride * rows - 3, stride * columns + 1, 1.25, 0.75, 0, 0], (images, 1))]


@examples(15)
@given(images=st.integers(1, 2), size=st.tuples(st.integers(1, 5), st.integers(1, 5)), seed=st.integers(0, 99),
       ratio=st.lists(st.sampled_from([0.5, 0.667, 1.0, 2.0]), min_size=1, max_size=3, unique=True),
       scale=st.lists(st.sampled_from([1.0, 2.0, 3.5]), min_size=1, max_size=2, unique=True),
       further=st.fixed_dictionaries({
           "base_size": st.sampled_from([8, 16]), "min_size": st.sampled_from([0, 7, 16]),
           "nms_thresh": st.sampled_from([-1, 0.3, 0.7]), "pre_nms_topn": st.sampled_from([3, 6000]),
           "post_nms_topn": st.sampled_from([1, 4, 300])}), stretch=st.sampled_from([0.2, 1.5]))
def test_proposal(images, size, seed, ratio, scale, further, stretch):
    options = {"feat_stride": 8, "ratio": ratio, "scale": scale, **further}
    hold_both(case(bottoms(images, *size, len(ratio) * len(scale), seed, stretch), options), torch=CONSTANT)


def test_the_scores_may_be_left_out_and_the_scale_of_rows_too():
    blobs = bottoms(1, 3, 4)
    blobs[2] = blobs[2][:, :3]
    hold_both(case(blobs, tops=1), torch=CONSTANT)


def test_boxes_with_less_than_a_pixel_between_them_are_apart():
    scores = distinct(1, 2, 1, 2)
    deltas = np.zeros((1, 4, 1, 2), np.float32)
    deltas[:, 2:] = -30                                 # of no size
    deltas[0, 0] = [0.1, -0.88]                         # 0.16 of a pixel apart
    blobs = [scores, deltas, np.array([[8, 16, 1, 1]])]
    hold_both(case(blobs, {**OPTIONS, "ratio": 1, "scale": 1, "min_size": 0}), torch=CONSTANT)


def test_boxes_that_are_no_numbers_have_no_score():
    blobs = bottoms(1, 3, 4)
    blobs[0][0, 5, 0, 1] = blobs[1][0, 3, 1, 1] = blobs[1][0, 8, 2, 0] = np.nan
    hold_both(case(blobs, {**OPTIONS, "post_nms_topn": 300, "nms_thresh": 1}), torch=CONSTANT)


def python(module, layer, options, arrays, tops=2):
    return Case(f'type: "Python" python_param {{ module: "{module}" layer: "{layer}" param_str: "{options}" }}', arrays,
                tops)


@pytest.mark.parametrize("tops", [1, 2])
def test_py_faster_rcnns(tops):
    options = r"'feat_stride': 16 \n'scales': !!python/tuple [2, 4]"
    blobs = bottoms(1, 5, 6, 6, 3, stride=16)
    module = hold_both(python("rpn.proposal_layer", "ProposalLayer", options, blobs, tops), **OF_ONE)
    inputs = [torch.tensor(array, dtype=torch.float32) for array in blobs]
    one, two = module(*inputs), module(*(torch.cat([value, value]) for value in inputs))
    regions, of_both = (one, two) if tops == 1 else (one[0], two[0])
    assert torch.equal(of_both[:, 1:], regions[:, 1:].repeat(2, 1))
    assert of_both[:, 0].tolist() == [0] * len(regions) + [1] * len(regions)


def test_the_anchors_of_faster_rcnns_paper():
    blobs = bottoms(1, 3, 4, 9, stride=16)
    module = hold_both(python("rpn.proposal_layer", "ProposalLayer", "'feat_stride': 16", blobs), **OF_ONE)
    assert module.layer.anchors[[0, 4, 8]].tolist() == [
        [-84, -40, 99, 55], [-120, -120, 135, 135], [-168, -344, 183, 359]]


def test_other_python_layers_are_refused():
    blobs = [np.array([[0, 0, 0, 15, 15]]), np.array([[0, 0, 15, 15, 1]])]
    refused_by_both(python("cae_caffe.pycaffe.shims.proposal_target_layer", "ProposalTargetLayer", "'num_classes': 3",
                           blobs, 5), match="Python layers are code")
