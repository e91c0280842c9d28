"""FlowNet 2.0's Mean, Accum, LpqLoss and NegReLU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, distinct, examples, run_embedded, values
from fork_judge import hold
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from cae_caffe import schema
from cae_caffe.errors import InputError

LENGTHS = st.integers(1, 5)


# ---- Mean

def mean(text, *shapes, tops=1, **further):
    return Case(f'type: "Mean" mean_param {{ {text} }}', [values(*shape) for shape in shapes], tops=tops, **further)


def mean_file(image):
    proto = schema.BlobProto(num=1, channels=image.shape[0], height=image.shape[1], width=image.shape[2])
    proto.data.extend(image.ravel().tolist())
    return {"mean.binaryproto": proto.SerializeToString()}


@examples(20)
@given(sign=st.sampled_from([-1, 1]), given_values=st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=3),
       times=st.integers(1, 2), scales=st.tuples(*[st.sampled_from([1, 0.5, -2])] * 3))
def test_values_of_channels(sign, given_values, times, scales):
    channels = len(given_values) * times
    text = " ".join(f"value: {value}" for value in given_values)
    factors = dict(zip(("input_scale", "mean_scale", "output_scale"), scales))

    hold(mean(f"operation: {'ADD' if sign > 0 else 'SUBTRACT'} {text} "
              + " ".join(f"{name}: {factor}" for name, factor in factors.items()), (2, channels, 3, 2)),
         lambda bottoms, params: [scales[2] * (scales[0] * bottoms[0] + sign * scales[1] * np.float32(
             given_values * times)[:, np.newaxis, np.newaxis])], floor=1, reason="Sums that nearly vanish.")


def test_a_mean_image_of_a_file():
    image = values(2, 3, 4, seed=5)
    case = mean('operation: SUBTRACT file: "mean.binaryproto"', (2, 4, 3, 4), (1, 2, 3, 4), tops=2,
                files=mean_file(image))

    hold(case, lambda bottoms, params: [bottoms[0] - np.concatenate([image, image]), bottoms[1] - image])


@pytest.mark.parametrize(("text", "match"), [
    ("value: 1", "no `operation`"), ("operation: ADD", "neither `file` nor `value`"),
    ('operation: ADD value: 1 file: "mean.binaryproto"', "both `file` and `value`"),
    ('operation: ADD file: "mean.binaryproto"', "is 3 high and 4 wide"),
    ("operation: ADD value: 1 value: 2", "3 channels, and the mean 2")])
def test_means_that_are_none_are_refused(text, match):
    with pytest.raises(InputError, match=match):
        run_embedded(mean(text, (1, 3, 2, 2), files=mean_file(values(3, 3, 4))))


# ---- Accum

def accum(text, *shapes):
    return Case(f'type: "Accum" accum_param {{ {text} }}',
                [values(*shape, seed=seed) for seed, shape in enumerate(shapes)])


def enlarged(bottoms, size):
    return [torch.cat([functional.interpolate(torch.from_numpy(bottom), size, mode="bilinear", align_corners=True)
                       for bottom in bottoms], 1).numpy()]


@examples(20)
@given(sizes=st.lists(st.tuples(LENGTHS, LENGTHS), min_size=1, max_size=3), more=st.integers(0, 2),
       divisor=st.integers(0, 3))
def test_accum(sizes, more, divisor):
    height, width = (max(lengths) + more for lengths in zip(*sizes))
    text = f"top_height: {height} top_width: {width}"
    if divisor:
        height, width = (-(-max(lengths) // divisor) * divisor for lengths in zip(*sizes))
        text = f"size_divisible_by: {divisor}"

    hold(accum(text, *((2, i + 1, *size) for i, size in enumerate(sizes))),
         lambda bottoms, params: enlarged(bottoms, (height, width)))


def test_a_size_below_the_largest_is_not_taken():
    found, = run_embedded(accum("top_height: 9 top_width: 3", (1, 1, 2, 5), (1, 2, 4, 2)))

    assert found["top0.data"].shape == (1, 3, 4, 5)


def test_the_last_bottom_may_say_the_size():
    case = accum("have_reference: true", (1, 2, 2, 3), (1, 1, 3, 2), (1, 4, 5, 6))

    hold(case, lambda bottoms, params: enlarged(bottoms[:2], (5, 6)), gradients=(0, 1))


@pytest.mark.parametrize(("text", "shapes", "match"), [
    ("have_reference: true", [(1, 1, 2, 2)], "one bottom, which is the reference"),
    ("", [(1, 1, 2, 2), (2, 1, 2, 2)], "the batch, must agree"), ("", [(2, 3)], "images of 4 axes")])
def test_bottoms_that_do_not_go_together_are_refused(text, shapes, match):
    with pytest.raises(InputError, match=match):
        run_embedded(accum(text, *shapes))


# ---- LpqLoss

def lpq(text, *bottoms):
    return Case(f'type: "LpqLoss" lpq_loss_param {{ {text} }}', list(bottoms))


def naive_lpq(bottoms, p, q, p_epsilon, q_epsilon, prescale, entries):
    difference = bottoms[0] - bottoms[1] if len(bottoms) == 2 else bottoms[0]
    divisor = np.sum(~np.isnan(difference)) / difference.shape[1] if entries else len(difference)
    powers = (np.abs(np.nan_to_num(difference)) + p_epsilon)**p
    sums = powers.mean(1) if prescale else powers.sum(1)
    return [np.array(np.sum((sums + q_epsilon)**q) / divisor)]


@examples(40)
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple), both=st.booleans(),
       p=st.sampled_from([0.5, 1, 2]), q=st.sampled_from([0.4, 1, 2]), p_epsilon=st.sampled_from([0, 0.1]),
       q_epsilon=st.sampled_from([0.01, 0.3]), prescale=st.booleans(), entries=st.booleans(), unknown=st.booleans())
def test_lpq_loss(shape, both, p, q, p_epsilon, q_epsilon, prescale, entries, unknown):
    bottoms = [(distinct(*shape) + 0.013).astype(np.float32), 0.5 * distinct(*shape, seed=1)][:1 + both]
    if unknown and bottoms[0].size > 1:
        bottoms[-1].reshape(-1)[::3] = np.nan
        bottoms[-1].reshape(-1)[1] = 0.9

    hold(lpq(f"p: {p} q: {q} p_epsilon: {p_epsilon} q_epsilon: {q_epsilon} "
             f"l2_prescale_by_channels: {str(prescale).lower()} normalize_by_num_entries: {str(entries).lower()}",
             *bottoms),
         lambda arrays, params: naive_lpq(arrays, p, q, p_epsilon, q_epsilon, prescale, entries),
         tolerance=3e-5, reason="Powers of float32 sums that nearly vanish.")


@pytest.mark.parametrize(("text", "shapes", "match"), [
    ("p: 1", [(1, 2)], "`p` 1 times and `q` 0 times"), ("p: 1 q: 1 q: 2", [(1, 2)], "`q` 2 times"),
    ("p: 1 q: 1 pq_episode_starts_at_iter: 3", [(1, 2)], "it must be 0"),
    ("p: 1 p: 2 q: 1 q: 2 pq_episode_starts_at_iter: 0 pq_episode_starts_at_iter: 9", [(1, 2)], "2 `pq_episode_st"),
    ("p: 1 q: 1", [(1, 2), (1, 3)], "they must agree"), ("p: 1 q: 1", [(2,)], "at least 2 axes")])
def test_powers_that_are_none_are_refused(text, shapes, match):
    with pytest.raises(InputError, match=match):
        run_embedded(lpq(text, *(values(*shape) for shape in shapes)))


# ---- NegReLU

@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("slope", [0, 0.1, -0.5])
def test_negative_parts(slope, in_place):
    bottom, top_diff = values(3, 4), values(3, 4, seed=1)
    case = Case(f'type: "NegReLU" relu_param {{ negative_slope: {slope} }}', [bottom], in_place=in_place,
                top_diffs=[top_diff])
    found, = run_embedded(case)

    name = case.top_names[0]
    np.testing.assert_allclose(found[f"{name}.data"], np.minimum(bottom, 0) + slope * np.maximum(bottom, 0), rtol=1e-6)
    np.testing.assert_allclose(found["bottom0.diff"], top_diff * np.where(bottom < 0, 1, slope), rtol=1e-6)
