"""FlowNet 2.0's Resample and Downsample."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.resample import resample as reference
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.nn import functional

from cae_caffe.errors import InputError

LENGTHS = st.integers(1, 9)
MORE = st.integers(2, 9)        # PyTorch's filter against aliases is wrong for images of one column


def resample(text, *shapes, **further):
    return Case(f'type: "Resample" resample_param {{ {text} }}', [values(*shape) for shape in shapes],
                backward=False, force_backward=False, **further)


def downsample(text, image, *others, **further):
    return Case(f'type: "Downsample" downsample_param {{ {text} }}', [image, *others], backward=False,
                force_backward=False, **further)


def top(case):
    return run_embedded(case)[0]["top0.data"]


@examples(40)
@given(old=st.tuples(MORE, MORE), new=st.tuples(MORE, MORE), kind=st.sampled_from(["LINEAR", "CUBIC"]))
def test_it_filters_as_pytorch_does_against_aliases(old, new, kind):
    case = resample(f"height: {new[0]} width: {new[1]} type: {kind}", (2, 3, *old))
    mode = {"LINEAR": "bilinear", "CUBIC": "bicubic"}[kind]

    wanted = functional.interpolate(torch.from_numpy(case.bottoms[0]).double(), new, mode=mode, antialias=True)

    np.testing.assert_allclose(top(case), wanted, rtol=0, atol=1e-5)


@examples(40)
@given(old=st.tuples(LENGTHS, LENGTHS), new=st.tuples(LENGTHS, LENGTHS), antialias=st.booleans(),
       kind=st.sampled_from(["NEAREST", "LINEAR", "CUBIC"]))
def test_it_is_as_the_fork_has_it(old, new, antialias, kind):
    hold(resample(f"type: {kind} antialias: {str(antialias).lower()}", (2, 2, *old), (1, 1, *new)),
         lambda bottoms, params: [reference(bottoms[0], height=new[0], width=new[1], type=kind, antialias=antialias)])


@examples(20)
@given(old=st.tuples(LENGTHS, LENGTHS), new=st.tuples(LENGTHS, LENGTHS))
def test_without_antialias_it_is_linear_between_the_two_next_pixels(old, new):
    case = resample("antialias: false", (2, 3, *old), (1, 1, *new))

    wanted = functional.interpolate(torch.from_numpy(case.bottoms[0]).double(), new, mode="bilinear")

    np.testing.assert_allclose(top(case), wanted, rtol=0, atol=1e-5)


@examples(20)
@given(old=st.tuples(LENGTHS, LENGTHS), new=st.tuples(LENGTHS, LENGTHS))
def test_nearest_pixels(old, new):
    case = resample("type: NEAREST", (2, 3, *old), (1, 1, *new))

    wanted = functional.interpolate(torch.from_numpy(case.bottoms[0]), new, mode="nearest-exact")

    np.testing.assert_array_equal(top(case), wanted)


def test_what_is_no_number_spoils_what_it_is_part_of_alone():
    image = np.arange(8, dtype=np.float32).reshape(1, 1, 1, 8)
    image[..., 5] = np.nan
    case = Case('type: "Resample" resample_param { height: 1 width: 4 }', [image], backward=False, force_backward=False)

    assert np.isnan(top(case)).ravel().tolist() == [False, False, True, True]


def test_a_batch_of_another_size_follows():
    case = resample("height: 4 width: 6", (1, 1, 2, 3), then=[[values(2, 1, 8, 12)]])

    assert [found["top0.data"].shape for found in run_embedded(case)] == [(1, 1, 4, 6), (2, 1, 4, 6)]


@pytest.mark.parametrize(("text", "match"), [
    ("type: AREA height: 2 width: 2", "`type: AREA` is not carried out"), ("factor: 2", "`factor: 2` is not carried"),
    ("height: 3", "`height: 3` and `width: 0`"), ("", "`height: 0` and `width: 0`")])
def test_what_resample_cannot_is_refused(text, match):
    with pytest.raises(InputError, match=match):
        run_embedded(resample(text, (1, 2, 3, 4)))


@pytest.mark.parametrize(("shape", "match"), [((3, 4), "images of 4 axes"), ((1, 2, 0, 3), "without a pixel")])
def test_what_is_no_image_is_refused(shape, match):
    for case in (resample("height: 2 width: 2", shape), downsample("top_height: 2 top_width: 2", values(*shape))):
        with pytest.raises(InputError, match=match):
            run_embedded(case)


@pytest.mark.parametrize("layer", ["Resample", "Downsample"])
def test_no_gradient_goes_through(layer):
    net = f'''
        layer {{ name: "a" type: "Scale" bottom: "data" top: "a" }}
        layer {{ name: "b" type: "{layer}" bottom: "a" bottom: "size" top: "b" }}
        layer {{ name: "loss" type: "Reduction" bottom: "b" top: "loss" loss_weight: 1 }}'''
    with pytest.raises(InputError, match="has no gradient for its bottom `a`"):
        run_embedded(Case(net, {"data": values(1, 2, 4, 4), "size": values(1, 1, 2, 2)}, force_backward=False))


def naive_downsample(image, height, width):
    """A pixel at a time."""
    image = image.astype(np.float64)
    result = np.empty((*image.shape[:2], height, width))
    scales = [(old - 1) / (new - 1) if new > 1 else np.inf for old, new in zip(image.shape[2:], (height, width))]
    for n, c, h, w in np.ndindex(result.shape):
        value = weight = missing = 0
        for y, x in np.ndindex(image.shape[2:]):
            far = [abs(i - j * scale) / max(1, scale) if np.isfinite(scale) else 0
                   for i, j, scale in zip((y, x), (h, w), scales)]
            part = max(0, 1 - far[0]) * max(0, 1 - far[1])
            if np.isnan(image[n, c, y, x]):
                missing += part
            else:
                value, weight = value + part * image[n, c, y, x], weight + part
        assume(abs(missing - 0.5 * weight) > 1e-6)      # neither more nor less than half
        result[n, c, h, w] = value / weight if missing <= 0.5 * weight else np.nan
    return result


@examples(30)
@given(old=st.tuples(LENGTHS, LENGTHS), new=st.tuples(LENGTHS, LENGTHS), unknown=st.sampled_from([0, 0.2, 0.6]))
def test_downsample(old, new, unknown):
    image = values(2, 2, *old)
    image[values(2, 2, *old, low=0, seed=1) < unknown] = np.nan
    wanted = image if old == new else naive_downsample(image, *new)

    found = top(downsample(f"top_height: {new[0]} top_width: {new[1]}", image))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)

    np.testing.assert_array_equal(found, top(downsample("", image, values(1, 1, *new))))


def test_a_size_for_downsample_must_be_given():
    with pytest.raises(InputError, match="`top_height: 3` and `top_width: 0`"):
        run_embedded(downsample("top_height: 3", values(1, 2, 3, 4)))
