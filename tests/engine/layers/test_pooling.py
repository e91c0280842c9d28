"""Pooling against real Caffe."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from conformance import Case, distinct, examples, run_embedded, values
from hypothesis import assume, given
from hypothesis import strategies as st

PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))


def pooling(text: str, *shape: int, tops: int = 1, **others) -> Case:
    return Case(f'type: "Pooling" pooling_param {{ {text} }}', [distinct(*shape)], tops=tops, **others)


def last_window_begins_behind(size: int, kernel: int, stride: int) -> bool:
    return -(-(size - kernel) // stride) * stride >= size


@examples(60)
@given(method=st.sampled_from(["MAX", "AVE"]), size=st.tuples(st.integers(1, 8), st.integers(1, 8)), kernel=PAIRS,
       stride=PAIRS, pad=st.tuples(st.integers(0, 3), st.integers(0, 3)), mode=st.sampled_from(["CEIL", "FLOOR"]),
       channels=st.sampled_from([1, 3, 4, 9]))
def test_windows(judge, method, size, kernel, stride, pad, mode, channels):
    assume(all(p < k for p, k in zip(pad, kernel)) and all(k <= s + 2 * p for k, s, p in zip(kernel, size, pad)))
    # Without padding Caffe may count a window that begins behind the image. Its maximum then gets a gradient that Caffe
    # writes in front of the blob's memory; the average of such windows is tested below.
    assume(any(pad) or mode == "FLOOR" or not any(map(last_window_begins_behind, size, kernel, stride)))
    judge(pooling(f"pool: {method} kernel_h: {kernel[0]} kernel_w: {kernel[1]} stride_h: {stride[0]} "
                  f"stride_w: {stride[1]} pad_h: {pad[0]} pad_w: {pad[1]} round_mode: {mode}", 2, channels, *size))


@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize("text", ["kernel_size: 1", "kernel_size: 3 stride: 2", "kernel_size: 3 stride: 2 pad: 1",
                                  "kernel_size: 2 stride: 2 pad_h: 1 pad_w: 0", "kernel_size: 9 stride: 9 pad: 1",
                                  "kernel_size: 5 pad: 4 stride: 3", "global_pooling: true"])
def test_ways_to_state_the_windows(judge, method, text):
    judge(pooling(f"pool: {method} {text}", 2, 3, 7, 8))


@pytest.mark.parametrize("size, kernel, stride", [(5, 1, 3), (5, 1, 5), (7, 2, 6), (4, 1, 3)])
def test_average_of_windows_that_begin_behind_the_image(judge, size, kernel, stride):
    judge(pooling(f"pool: AVE kernel_size: {kernel} stride: {stride}", 2, 3, size, 6))


def test_maximum_of_windows_that_begin_behind_the_image(judge):
    judge(pooling("kernel_size: 1 stride: 3", 2, 3, 5, 6, tops=2, backward=False))


@pytest.mark.parametrize("text", ["kernel_size: 2 stride: 2", "kernel_size: 3 pad: 2 stride: 2",
                                  "global_pooling: true"])
def test_mask_of_maxima(judge, text):
    judge(pooling(text, 2, 3, 5, 6, tops=2))


def test_first_of_equal_values_is_the_maximum(judge):
    for pad, channels in itertools.product([0, 1, 2], [2, 8]):
        image = np.round(values(2, channels, 5, 6))
        judge(Case(f'type: "Pooling" pooling_param {{ kernel_size: 3 stride: 2 pad: {pad} }}', [image], tops=2))


@pytest.mark.parametrize("text", ["pool: MAX kernel_size: 3 stride: 2", "pool: AVE global_pooling: true"])
def test_other_sizes_later(judge, text):
    judge(pooling(text, 2, 3, 7, 8, passes=2, then=[[distinct(3, 3, 5, 9)], [distinct(1, 2, 4, 4)]]))


@pytest.mark.parametrize("method", ["MAX", "AVE"])
def test_between_layers_that_store_rows_first(judge, method):
    judge(Case(f"""
        layer {{ name: "below" type: "Convolution" bottom: "x" top: "below"
                 convolution_param {{ num_output: 4 kernel_size: 9 }} }}
        layer {{ name: "pool" type: "Pooling" bottom: "below" top: "pool"
                 pooling_param {{ pool: {method} kernel_size: 3 stride: 1 pad: 1 }} }}
        layer {{ name: "above" type: "Convolution" bottom: "pool" top: "above"
                 convolution_param {{ num_output: 2 kernel_size: 9 }} }}""", {"x": values(4, 1, 28, 28)}))


def test_batch_of_several_pieces(judge):
    judge(pooling("kernel_size: 3 stride: 2", 30, 8, 32, 40))
    judge(pooling("pool: AVE kernel_size: 3 stride: 2", 30, 8, 32, 40))


@pytest.mark.parametrize("text, match", [
    ("kernel_size: 0", "its kernel is"),
    ("stride: 2", "it must give `kernel_size`"),
    ("kernel_size: 2 kernel_h: 2 kernel_w: 2", "it must give `kernel_size`"),
    ("kernel_h: 2", "it must give `kernel_size`"),
    ("kernel_size: 2 pad_h: 1", "it must give `pad`"),
    ("kernel_size: 2 stride: 2 stride_h: 1 stride_w: 1", "it must give `stride`"),
    ("kernel_size: 2 pad: 2", "is not smaller than its kernel"),
    ("kernel_size: 9", "does not fit"),
    ("global_pooling: true kernel_size: 2", "leave out"),
    ("global_pooling: true stride: 2", "must be 0 and 1"),
    ("pool: STOCHASTIC kernel_size: 2 pad: 1", "takes none"),
])
def test_refusals(judge, text, match):
    judge.refused(pooling(text, 2, 3, 7, 8), match)


def test_refuses_a_mask_of_averages(judge):
    judge.refused(pooling("pool: AVE kernel_size: 2", 2, 3, 7, 8, tops=2), "with `pool: MAX` only")


def test_refuses_other_than_images(judge):
    judge.refused(pooling("kernel_size: 2", 2, 7, 8), "takes images of 4 axes")


# Caffe pools stochastically on a GPU only, so here the rule itself is tested.

def test_stochastic_pooling_draws_one_value_of_each_window():
    image = values(50, 4, 4, 5, low=0)
    result, = run_embedded(Case('type: "Pooling" pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 }', [image]))
    assert result["top0.data"].shape == (50, 4, 2, 3)
    window, drawn = image[:, :, :2, :2].reshape(200, 4), result["top0.data"][:, :, 0, 0].reshape(200, 1)
    place = (window == drawn).argmax(1)
    assert (np.take_along_axis(window, place[:, None], 1) == drawn).all()
    expected = (window / window.sum(1, keepdims=True)).mean(0)
    # Standard deviation of each frequency over 200 draws: at most 0.031.
    assert np.bincount(place, minlength=4) / 200 == pytest.approx(expected, abs=0.12)
    assert np.count_nonzero(result["bottom0.diff"]) == result["top0.data"].size


def test_stochastic_pooling_takes_a_word_for_each_value_of_the_top():
    image = np.ones((1, 1, 2, 4), np.float32) * [[1, 2, 3, 4], [5, 6, 7, 8]]
    result, = run_embedded(Case('type: "Pooling" pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 }', [image],
                                seed=1))
    # The stream of seed 1 begins 1791095845, 4282876139: 0.417 of 14 falls on the third value, 0.997 of 22 on the last.
    assert result["top0.data"].ravel().tolist() == [5, 8]


def test_stochastic_pooling_weighs_in_the_test_phase():
    image = values(2, 3, 4, 4, low=0)
    result, = run_embedded(Case('type: "Pooling" pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 }', [image],
                                phase="TEST", backward=False))
    windows = image.reshape(2, 3, 2, 2, 2, 2)
    assert result["top0.data"] == pytest.approx((windows ** 2).sum((3, 5)) / windows.sum((3, 5)))


GOLDEN = {
    "max": pooling("kernel_size: 3 stride: 2", 2, 2, 6, 5),
    "max with mask, padded": pooling("kernel_size: 3 stride: 2 pad: 1", 1, 2, 6, 5, tops=2),
    "max, padded by more than half": pooling("kernel_size: 3 stride: 2 pad: 2", 1, 2, 6, 5),
    "average, clipped": pooling("pool: AVE kernel_h: 3 kernel_w: 2 stride: 2 pad: 1", 1, 2, 6, 5),
    "average, behind the image": pooling("pool: AVE kernel_size: 1 stride: 3", 1, 2, 5, 5),
    "average, global": pooling("pool: AVE global_pooling: true", 2, 3, 4, 5),
    "floor": pooling("kernel_size: 2 stride: 2 round_mode: FLOOR", 1, 2, 5, 5),
}
