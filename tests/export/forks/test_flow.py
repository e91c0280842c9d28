"""FlowNet2's layers on their way out: Resample, Downsample, the correlations, FlowWarp, ChannelNorm, Mean and
DataAugmentation.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch_judge
from both_judges import hold_both, refused_by_both
from conformance import Case, examples, values, whole_numbers
from hypothesis import assume, given
from hypothesis import strategies as st

from cae_caffe import schema
from cae_caffe.export.torch.from_torch import from_torch

LENGTHS = st.integers(1, 9)
SIZES = st.tuples(LENGTHS, LENGTHS)
CONSTANT = {"torch": {"gradients": False, "reason": "the engine's layer has none"}}


def constant(text, *bottoms, **further):
    """A case of a layer that has no gradient."""
    return Case(text, list(bottoms), backward=False, force_backward=False, **further)


# ---- Resample and Downsample

@examples(20)
@given(kind=st.sampled_from(["NEAREST", "LINEAR", "CUBIC"]), antialias=st.booleans(), old=SIZES, new=SIZES,
       by_size=st.booleans())
def test_resample(kind, antialias, old, new, by_size):
    size, like = (f"height: {new[0]} width: {new[1]}", []) if by_size else ("", [values(2, 1, *new)])
    hold_both(constant(f'type: "Resample" resample_param {{ type: {kind} antialias: {str(antialias).lower()} {size} }}',
                       values(2, 3, *old), *like), **CONSTANT)


@pytest.mark.parametrize("kind", ["NEAREST", "LINEAR", "CUBIC"])
def test_a_pixel_of_weight_0_has_no_say(kind):
    image = values(2, 3, 9, 12)
    image[0, :, 3, 4] = np.nan
    text = f'type: "Resample" resample_param {{ type: {kind} height: 3 width: 4 antialias: false }}'
    if kind == "CUBIC":     # in ONNX's sum, 0 times what is no number is no number
        torch_judge.hold(constant(text, image), **CONSTANT["torch"])
    else:
        hold_both(constant(text, image), **CONSTANT)


@examples(12)
@given(old=SIZES, new=SIZES)
def test_downsample(old, new):
    hold_both(constant(f'type: "Downsample" downsample_param {{ top_height: {new[0]} top_width: {new[1]} }}',
                       values(2, 2, *old)), **CONSTANT)


def test_downsample_leaves_out_what_is_no_number():
    image = values(2, 2, 9, 8)
    image[:, 1, ::2, 1::3] = image[1, 0, :5] = np.nan
    hold_both(constant('type: "Downsample"', image, values(2, 1, 4, 5)), **CONSTANT)


# ---- Correlation

@examples(20)
@given(kind=st.sampled_from(["Correlation", "Correlation1D"]), kernel=st.sampled_from([1, 3]), reach=st.integers(0, 4),
       steps=st.tuples(st.integers(1, 3), st.integers(1, 3)), pad=st.integers(0, 5), size=SIZES,
       operation=st.sampled_from(["MULTIPLY", "SUBTRACT"]), direction=st.sampled_from([-1, 0, 1]),
       channels=st.integers(1, 3))
def test_correlations(kind, kernel, reach, steps, pad, size, operation, direction, channels):
    assume(min(size[1], size[0] if kind == "Correlation" else 99) + 2 * pad - 2 * reach >= kernel)
    assume(kind == "Correlation" or size[0] >= kernel)
    text = (f"kernel_size: {kernel} max_displacement: {reach} stride_1: {steps[0]} stride_2: {steps[1]} pad: {pad} "
            f"correlation_type: {operation}")
    if kind == "Correlation1D":
        text += f" single_direction: {direction}"
    bottoms = [values(2, channels, *size, seed=seed) for seed in (0, 1)]
    hold_both(Case(f'type: "{kind}" correlation_param {{ {text} }}', bottoms))


def test_correlation_as_flownet_c_has_it():
    hold_both(Case('type: "Correlation" correlation_param { pad: 20 kernel_size: 1 max_displacement: 20 stride_1: 1 '
              'stride_2: 2 }', [values(1, 8, 6, 7, seed=seed) for seed in (0, 1)]))


def test_differences_of_equal_values_have_a_gradient():
    hold_both(Case('type: "Correlation" correlation_param { pad: 1 kernel_size: 1 max_displacement: 1 '
              'correlation_type: SUBTRACT }', [whole_numbers(2, 2, 4, 5, below=2, seed=seed) for seed in (0, 1)]))


# ---- FlowWarp and ChannelNorm

@examples(12)
@given(shape=st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
       reach=st.sampled_from([0.3, 2, 9]), fill=st.sampled_from(["ZERO", "NOT_A_NUMBER"]))
def test_flow_warp(shape, reach, fill):
    number, _, height, width = shape
    hold_both(Case(f'type: "FlowWarp" flow_warp_param {{ fill_value: {fill} }}',
              [values(*shape), values(number, 2, height, width, low=-reach, high=reach, seed=1)]))


@pytest.mark.parametrize("fill", ["ZERO", "NOT_A_NUMBER"])
def test_flow_to_pixels_and_edges_and_nowhere(fill):
    flow = np.zeros((2, 2, 3, 4), np.float32)
    flow[0, 0] = [[0, 1, 1.5, 0.5], [-1, -1, -2, 0.75], [np.nan, np.inf, -np.inf, 1]]
    flow[0, 1] = [[0, 0.25, 1, 2], [-1.5, 1.5, 0, 0], [0, 0, 0, np.nan]]
    flow[1, 1, 2] = [0.5, 0.99, 1, -3]
    hold_both(Case(f'type: "FlowWarp" flow_warp_param {{ fill_value: {fill} }}', [values(2, 3, 3, 4), flow]))


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 2, 2)])
def test_channel_norm(shape):
    x = values(*shape)
    x[0, :, 1, 1] = 0
    hold_both(Case('type: "ChannelNorm"', [x]))


# ---- Mean and DataAugmentation

@pytest.mark.parametrize("text", [
    "operation: ADD value: 0.5", "operation: SUBTRACT value: 0.5 value: -1",
    "operation: SUBTRACT value: 1 value: 2 input_scale: 3 mean_scale: 0.5 output_scale: -2"])
def test_mean(text):
    hold_both(Case(f'type: "Mean" mean_param {{ {text} }}', [values(2, 4, 2, 3), values(2, 2, 3, 3)], tops=2))


def test_a_mean_image(tmp_path):
    image = values(2, 3, 4, seed=5)
    proto = schema.BlobProto(num=1, channels=2, height=3, width=4, data=image.ravel().tolist())
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(proto.SerializeToString())
    case = Case(f'type: "Mean" mean_param {{ operation: SUBTRACT file: "{path}" }}', [values(2, 4, 3, 4)])
    module = hold_both(case)
    assert list(module.state_dict()) == ["layer.mean"]
    assert not from_torch(module, torch_judge.engine_run(case, False)[0]).taken


def augmentation(text, *shape, **further):
    return constant(f'type: "DataAugmentation" augmentation_param {{ {text} }}', values(*shape), **further)


@pytest.mark.parametrize("text", [
    "", "crop_height: 4 crop_width: 5", "crop_height: 3 crop_width: 6", "crop_height: 7 crop_width: 8",
    "crop_height: 1 crop_width: 1", "mean: 0.1 mean: 0.2 mean: 0.3",
    "crop_height: 5 crop_width: 3 mean: 1 mean: 2 mean: 3"])
def test_images_are_cut_and_less_a_mean(text):
    hold_both(augmentation(text, 2, 3, 7, 8), **CONSTANT)


@pytest.mark.parametrize(("text", "size"), [
    ("", (7, 8)), ("mean_per_pixel: true", (7, 8)),
    ("mean_per_pixel: true crop_height: 4 crop_width: 5", (4, 5))])
def test_a_learned_mean(text, size):
    blobs = [np.full((1, 1, 1, 1), 10), values(1, 3, *size, seed=4), values(1, 3, 1, 1, seed=5)]
    module = hold_both(augmentation(f"recompute_mean: 4 {text}", 2, 3, 7, 8, params=blobs), **CONSTANT)
    assert [name.split(".")[1] for name in module.state_dict()] == ["passes", "mean_image", "mean"]


def test_of_a_mean_image_of_another_size_the_pixels_mean_is_taken():
    blobs = [np.full((1, 1, 1, 1), 10), values(1, 3, 7, 8, seed=4), values(1, 3, 1, 1, seed=5)]
    module = hold_both(augmentation("recompute_mean: 4 mean_per_pixel: true", 2, 3, 7, 8, params=blobs), **CONSTANT)
    x = values(2, 3, 5, 6)
    found = module(torch.from_numpy(x)).numpy()
    assert np.allclose(found, x - blobs[1].mean((2, 3), keepdims=True), atol=1e-6)


def test_a_mean_that_passes_change_is_refused():
    blobs = [np.full((1, 1, 1, 1), 1), values(1, 3, 7, 8), values(1, 3, 1, 1)]
    refused_by_both(augmentation("recompute_mean: 4", 2, 3, 7, 8, params=blobs), match="`recompute_mean: 4`")
