"""BN, Interp, Accum, Upsample, Unpooling and MergeCrop on their way out."""

from __future__ import annotations

import numpy as np
import pytest
import torch_judge
from both_judges import hold_both
from conformance import Case, distinct, examples, values
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

LENGTHS = st.integers(1, 7)
SIZES = st.tuples(LENGTHS, LENGTHS)


# ---- BN

# Of few values in a channel the derivative is the small rest of large terms that cancel, in float32.
STATISTICS = {"tolerance": 1e-4, "floor": 1e-2, "reason": "sums of a batch in another order, and terms that cancel"}


@pytest.mark.parametrize(("shape", "kind"), [((2, 3, 4, 5), nn.BatchNorm2d), ((5, 3, 4), nn.BatchNorm1d),
                                             ((2, 3, 2, 2, 3), nn.BatchNorm3d), ((3, 2, 1, 2, 1, 2), nn.BatchNorm1d)])
def test_bn_by_the_batch_is_pytorchs_own(shape, kind):
    x = values(*shape, low=-1, high=3)
    module = hold_both(Case('type: "BN" bn_param { bn_mode: LEARN }', [x]), torch=STATISTICS)
    assert type(module.layer) is kind
    assert list(module.state_dict()) == ["layer.weight", "layer.bias"]


@pytest.mark.parametrize(("shape", "tops"), [((2, 3, 4, 5), 3), ((5, 3, 1, 1), 1), ((1, 3, 1, 1), 1), ((3, 2), 1),
                                             ((3, 2), 3)])
def test_bn_of_single_pixels_and_with_statistics(shape, tops):
    hold_both(Case('type: "BN" bn_param { bn_mode: LEARN }', [values(*shape, low=-1, high=3)], tops=tops),
              torch=STATISTICS)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 2)])
def test_bn_with_folded_statistics(shape):
    hold_both(Case('type: "BN" bn_param { bn_mode: INFERENCE }', [values(*shape)], in_place=True))


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 2), (2, 3, 4), (2, 3, 1, 2, 1, 2)])
@pytest.mark.parametrize("options", ["eps: 1e-3", "frozen: true", "bias_filler { value: 1 } momentum: 0.9"])
def test_bn_by_averages(shape, options):
    blob = 1, shape[1], 1, 1
    module = hold_both(Case(f'type: "BN" bn_param {{ {options} }}', [values(*shape)], params=[
        *(values(*blob, seed=seed) for seed in range(3)), values(*blob, low=0.1)]))
    assert len(list(module.parameters())) == (0 if "frozen" in options else 2)
    assert len(module.state_dict()) >= 4


# ---- Interp and Accum

@examples(12)
@given(old=SIZES, new=SIZES)
def test_interp_to_a_size(old, new):
    hold_both(Case(f'type: "Interp" interp_param {{ height: {new[0]} width: {new[1]} }}', [values(2, 3, *old)]))


@pytest.mark.parametrize(("old", "new"), [((3, 4), (1, 1)), ((3, 4), (1, 5)), ((3, 4), (5, 1)), ((1, 4), (1, 7)),
                                          ((1, 1), (3, 2))])
def test_interp_of_one_row_or_column(old, new):
    hold_both(Case(f'type: "Interp" interp_param {{ height: {new[0]} width: {new[1]} }}', [values(2, 3, *old)]))


@pytest.mark.parametrize("options", [
    "zoom_factor: 1", "zoom_factor: 3", "shrink_factor: 2", "zoom_factor: 2 shrink_factor: 3",
    "zoom_factor: 2 pad_beg: -1", "height: 6 width: 4 pad_beg: -2 pad_end: -1", "height: 7 width: 8 pad_end: -1",
    "height: 6 width: 4 zoom_factor: 2", "height: 6 width: 4 zoom_factor: 2 shrink_factor: 3"])
def test_interp_by_factors_and_of_a_part(options):
    hold_both(Case(f'type: "Interp" interp_param {{ {options} }}', [values(2, 3, 7, 9)]))


def test_interp_to_the_size_of_another_blob():
    hold_both(Case('type: "Interp" interp_param { use_blob_size: true }', [values(2, 3, 3, 4), values(2, 1, 5, 9)]))


@pytest.mark.parametrize(("options", "shapes"), [
    ("", [(2, 1, 2, 3), (2, 3, 5, 4)]), ("", [(2, 3, 4, 5)]), ("top_height: 6 top_width: 7", [(2, 3, 4, 5)]),
    ("top_height: 6 top_width: 4", [(2, 3, 4, 5)]), ("size_divisible_by: 4", [(2, 1, 2, 3), (2, 3, 5, 4)]),
    ("have_reference: true", [(2, 2, 2, 3), (2, 1, 3, 2), (2, 4, 5, 6)])])
def test_accum(options, shapes):
    hold_both(Case(f'type: "Accum" accum_param {{ {options} }}',
              [values(*shape, seed=seed) for seed, shape in enumerate(shapes)]))


# ---- Upsample and Unpooling

@pytest.mark.parametrize("scale", [1, 2, 3, 41])
def test_upsample_repeats(scale):
    hold_both(Case(f'type: "Upsample" upsample_param {{ scale: {scale} }}', [values(2, 3, 4, 5)]))


def test_upsample_repeats_twice_by_default():
    hold_both(Case('type: "Upsample"', [values(2, 3, 4, 5)]))


def places(shape, size, seed=3):
    """A mask of this shape, in which no place of a plane of `size` is twice."""
    random = np.random.RandomState(seed)
    count = shape[2] * shape[3]
    return np.stack([random.permutation(size[0] * size[1])[:count] for _ in range(shape[0] * shape[1])]).reshape(shape)


@pytest.mark.parametrize(("options", "size"), [
    ("", (6, 8)), ("scale: 3", (9, 12)), ("scale_h: 2 scale_w: 3", (6, 12)),
    ("pad_out_h: true pad_out_w: true", (5, 7)), ("upsample_h: 5 upsample_w: 8", (5, 8))])
def test_upsample_puts_values_at_places(options, size):
    hold_both(Case(f'type: "Upsample" upsample_param {{ {options} }}',
              [distinct(2, 3, 3, 4), places((2, 3, 3, 4), size)]))


@examples(8)
@given(shape=st.tuples(*[st.integers(1, 3)] * 4), seed=st.integers(0, 5))
def test_the_last_value_at_a_place_stays(shape, seed):
    mask = np.random.RandomState(seed).randint(0, 4, shape)
    for text in ('"Upsample" upsample_param { upsample_h: 2 upsample_w: 3 }',
                 '"Unpooling" unpooling_param { kernel_size: 2 stride: 2 unpool_h: 2 unpool_w: 3 }'):
        hold_both(Case(f"type: {text}", [distinct(*shape), mask]))


UNPOOLING = 'type: "Unpooling" unpooling_param { stride: 2 unpool_h: 6 unpool_w: 12 kernel_size: '


def pooled(pooling, unpooling):
    """A pooling, and what puts its maxima back."""
    return Case('layer { name: "pool" type: "Pooling" bottom: "data" top: "pool" top: "mask" '
                f'pooling_param {{ {pooling} }} }}\n'
                f'layer {{ name: "unpool" bottom: "pool" bottom: "mask" top: "unpool" {unpooling} }}',
                {"data": distinct(2, 3, 6, 12)})


@pytest.mark.parametrize(("pooling", "unpooling", "is_native"), [
    ("kernel_size: 2 stride: 2", 'type: "Upsample"', True),
    ("kernel_h: 3 kernel_w: 3 stride: 3", 'type: "Upsample" upsample_param { scale_h: 3 scale_w: 3 }', True),
    ("kernel_size: 2 stride: 2", 'type: "Upsample" upsample_param { upsample_h: 7 upsample_w: 12 }', True),
    ("kernel_size: 2 stride: 2", 'type: "Upsample" upsample_param { upsample_h: 9 upsample_w: 12 }', False),
    ("kernel_size: 2 stride: 2", UNPOOLING + "2 }", True),
    ("kernel_size: 3 stride: 2", 'type: "Upsample"', False),
    ("kernel_size: 2 stride: 2", UNPOOLING + "3 }", True)])
def test_maxima_of_windows_apart_are_put_back_by_pytorchs_own(pooling, unpooling, is_native):
    module = hold_both(pooled(pooling, unpooling))
    assert (type(module.unpool) is nn.MaxUnpool2d) == is_native


@examples(10)
@given(method=st.sampled_from(["MAX", "TILE", "AVE"]), kernel=st.tuples(*[st.integers(1, 4)] * 2),
       stride=st.tuples(*[st.integers(1, 4)] * 2), old=st.tuples(*[st.integers(1, 4)] * 2), new=SIZES)
def test_unpooling_without_a_mask(method, kernel, stride, old, new):
    lengths = " ".join(f"{stem}_{axis}: {length}" for stem, pair in (
        ("kernel", kernel), ("stride", stride), ("unpool", new)) for axis, length in zip("hw", pair))
    hold_both(Case(f'type: "Unpooling" unpooling_param {{ unpool: {method} {lengths} }}', [distinct(2, 3, *old)]))


# ---- MergeCrop

@examples(10)
@given(operation=st.sampled_from(["STACK", "ADD"]), flags=st.tuples(*[st.booleans()] * 4),
       more=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_merge_crop(operation, flags, more):
    told = " ".join(f"{name}: {str(flag).lower()}" for name, flag in zip(["forward"] * 2 + ["backward"] * 2, flags))
    hold_both(Case(f'type: "MergeCrop" mergecrop_param {{ operation: {operation} {told} }}',
              [values(2, 3, 4, 4), values(2, 3, 4 + more[0], 4 + more[1], seed=1)]))


def test_merge_crop_as_u_net_has_it():
    hold_both(Case('type: "MergeCrop"', [values(2, 3, 4, 4), values(2, 2, 7, 6, seed=1)]))


def test_torch_exports_any_batch():
    text = ('layer { name: "pool" type: "Pooling" bottom: "x" top: "pool" top: "mask" '
            'pooling_param { kernel_size: 3 stride: 2 } }'
            'layer { name: "large" type: "Upsample" bottom: "pool" bottom: "mask" top: "large" }'
            'layer { name: "bn" type: "BN" bottom: "large" top: "bn" bn_param { bn_mode: LEARN } }'
            'layer { name: "small" type: "Interp" bottom: "bn" top: "small" interp_param { shrink_factor: 2 } }'
            'layer { name: "merged" type: "MergeCrop" bottom: "small" bottom: "x" top: "merged" }'
            'layer { name: "like" type: "Correlation" bottom: "merged" bottom: "merged" top: "like" '
            'correlation_param { pad: 1 kernel_size: 1 max_displacement: 1 } }'
            'layer { name: "resampled" type: "Resample" bottom: "like" top: "resampled" '
            'resample_param { height: 3 width: 5 } }')
    torch_judge.hold(Case(text, {"x": values(2, 3, 6, 8)}, force_backward=False), exported=True, gradients=False,
                     tolerance=1e-5, reason="of Resample the engine has none; statistics of a batch")
