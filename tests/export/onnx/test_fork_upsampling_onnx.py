"""BN, Interp, Accum, Upsample, Unpooling and MergeCrop in ONNX."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import hold

LENGTHS = st.integers(1, 7)
SIZES = st.tuples(LENGTHS, LENGTHS)


# ---- BN

SHAPES = [(2, 3, 4, 5), (5, 3, 4, 5), (3, 2), (2, 3, 4)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("options", "tops"), [("bn_mode: LEARN", 1), ("bn_mode: LEARN", 3), ("bn_mode: INFERENCE", 1),
                                               ("scale_filler { value: 2 }", 1)])
def test_segnets_bn(options, tops, shape):
    hold(Case(f'type: "BN" bn_param {{ {options} }}', [values(*shape, low=-1, high=3)], tops=tops))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("options", ["eps: 1e-3", "frozen: true", "bias_filler { value: 1 }"])
def test_pspnets_bn(options, shape):
    blob = 1, shape[1], 1, 1
    hold(Case(f'type: "BN" bn_param {{ {options} }}', [values(*shape)], in_place=True,
              params=[*(values(*blob, seed=seed) for seed in range(3)), values(*blob, low=0.1)]))


# ---- Interp and Accum

@examples(12)
@given(old=SIZES, new=SIZES)
def test_interp_to_a_size(old, new):
    hold(Case(f'type: "Interp" interp_param {{ height: {new[0]} width: {new[1]} }}', [values(2, 3, *old)]))


@pytest.mark.parametrize(("old", "new"), [((3, 4), (1, 1)), ((3, 4), (1, 5)), ((3, 4), (5, 1)), ((1, 4), (1, 7)),
                                          ((1, 1), (3, 2))])
def test_interp_of_one_row_or_column(old, new):
    hold(Case(f'type: "Interp" interp_param {{ height: {new[0]} width: {new[1]} }}', [values(2, 3, *old)]))


@pytest.mark.parametrize("options", [
    "zoom_factor: 3", "shrink_factor: 2", "zoom_factor: 2 shrink_factor: 3", "zoom_factor: 2 pad_beg: -1",
    "height: 6 width: 4 pad_beg: -2 pad_end: -1", "height: 7 width: 8 pad_end: -1"])
def test_interp_by_factors_and_of_a_part(options):
    hold(Case(f'type: "Interp" interp_param {{ {options} }}', [values(2, 3, 7, 9)]))


def test_interp_to_the_size_of_another_blob():
    hold(Case('type: "Interp" interp_param { use_blob_size: true }', [values(2, 3, 3, 4), values(2, 1, 5, 9)]))


@pytest.mark.parametrize(("options", "shapes"), [
    ("", [(2, 1, 2, 3), (2, 3, 5, 4)]), ("", [(2, 3, 4, 5)]), ("top_height: 6 top_width: 7", [(2, 3, 4, 5)]),
    ("size_divisible_by: 4", [(2, 1, 2, 3), (2, 3, 5, 4)]),
    ("have_reference: true", [(2, 2, 2, 3), (2, 1, 3, 2), (2, 4, 5, 6)])])
def test_accum(options, shapes):
    hold(Case(f'type: "Accum" accum_param {{ {options} }}',
              [values(*shape, seed=seed) for seed, shape in enumerate(shapes)]))


# ---- Upsample and Unpooling

@pytest.mark.parametrize("options", ["", "upsample_param { scale: 2 }", "upsample_param { scale: 3 }"])
def test_upsample_repeats(options):
    hold(Case(f'type: "Upsample" {options}', [values(2, 3, 4, 5)]))


def places(shape, size, seed=3):
    """A mask of this shape, in which no place of a plane of `size` is twice."""
    random = np.random.RandomState(seed)
    count = shape[2] * shape[3]
    return np.stack([random.permutation(size[0] * size[1])[:count] for _ in range(shape[0] * shape[1])]).reshape(shape)


@pytest.mark.parametrize(("options", "size"), [
    ("", (6, 8)), ("scale: 3", (9, 12)), ("scale_h: 2 scale_w: 3", (6, 12)),
    ("pad_out_h: true pad_out_w: true", (5, 7)), ("upsample_h: 5 upsample_w: 8", (5, 8))])
def test_upsample_puts_values_at_places(options, size):
    hold(Case(f'type: "Upsample" upsample_param {{ {options} }}',
              [distinct(2, 3, 3, 4), places((2, 3, 3, 4), size)]))


@examples(8)
@given(shape=st.tuples(*[st.integers(1, 3)] * 4), seed=st.integers(0, 5))
def test_the_last_value_at_a_place_stays(shape, seed):
    mask = np.random.RandomState(seed).randint(0, 4, shape)
    for text in ('"Upsample" upsample_param { upsample_h: 2 upsample_w: 3 }',
                 '"Unpooling" unpooling_param { kernel_size: 2 stride: 2 unpool_h: 2 unpool_w: 3 }'):
        hold(Case(f"type: {text}", [distinct(*shape), mask]))


@examples(10)
@given(method=st.sampled_from(["MAX", "TILE", "AVE"]), kernel=st.tuples(*[st.integers(1, 4)] * 2),
       stride=st.tuples(*[st.integers(1, 4)] * 2), old=st.tuples(*[st.integers(1, 4)] * 2), new=SIZES)
def test_unpooling_without_a_mask(method, kernel, stride, old, new):
    lengths = " ".join(f"{stem}_{axis}: {length}" for stem, pair in (
        ("kernel", kernel), ("stride", stride), ("unpool", new)) for axis, length in zip("hw", pair))
    hold(Case(f'type: "Unpooling" unpooling_param {{ unpool: {method} {lengths} }}', [distinct(2, 3, *old)]))


# ---- MergeCrop

@pytest.mark.parametrize("options", ["", "operation: ADD", "operation: ADD forward: false", "forward: false",
                                     "forward: true forward: false", "operation: ADD forward: false forward: false",
                                     "operation: ADD forward: true forward: false"])
@pytest.mark.parametrize("second", [(2, 3, 4, 4), (2, 3, 7, 6)])
def test_merge_crop(options, second):
    hold(Case(f'type: "MergeCrop" mergecrop_param {{ {options} }}', [values(2, 3, 4, 4), values(*second, seed=1)]))
