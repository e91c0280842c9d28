"""What the engine relies on: accumulation, no stale transforms, no allocation, no waiting for the device."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cae_caffe.engine.lowering import (
    BandKernel,
    ConvolutionGeometry,
    MatmulKernel,
    NativeKernel,
    PlaneKernel,
    Scratch,
    UnfoldKernel,
    choose,
)

EXACT = 1e-12
BAND = ConvolutionGeometry(False, 3, 2, 12, 13, 3, (5, 4), (2, 1), (1, 2))
CASES = [
    (BandKernel, BAND),
    (BandKernel, ConvolutionGeometry(True, 3, 2, 6, 7, 3, (5, 4))),
    (MatmulKernel, ConvolutionGeometry(True, 3, 5, 1, 1, 2, (4, 6))),
    (MatmulKernel, ConvolutionGeometry(False, 3, 2, 4, 6, 5, (4, 6))),
    (PlaneKernel, ConvolutionGeometry(False, 3, 4, 6, 5, 2, (1, 1))),
    (PlaneKernel, ConvolutionGeometry(True, 3, 4, 6, 5, 2, (1, 1))),
    (UnfoldKernel, BAND),
    (NativeKernel, ConvolutionGeometry(True, 3, 4, 6, 5, 2, (3, 2), (2, 2), group=2)),
]
every_kernel = pytest.mark.parametrize("kernel_type, geometry", CASES)


class Operators(TorchDispatchMode):
    """Notes the operators that run, and the largest tensor that one of them makes."""

    def __init__(self):
        super().__init__()
        self.names, self.largest = [], 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.names.append(func.overloadpacket.__name__)
        if isinstance(result, torch.Tensor) and not any(r.alias_info for r in func._schema.returns):
            self.largest = max(self.largest, result.numel())
        return result


@every_kernel
def test_accumulate_adds_the_parameters_gradients_and_overwrites_the_bottoms(
        kernel_type, geometry, Layer, assert_close):
    layer = Layer(geometry)
    _, bottom_diff, *parameters = layer.expected()
    actual = layer.backward(kernel_type(geometry), accumulate=True)
    assert_close(actual, [bottom_diff, *(gradient + 1 for gradient in parameters)], EXACT)


@every_kernel
def test_gradients_that_nobody_wants_are_not_needed(kernel_type, geometry, Layer, assert_close):
    layer, kernel = Layer(geometry), kernel_type(dataclasses.replace(geometry, needs_bottom_diff=False))
    layer.forward(kernel)
    weight_diff = torch.empty_like(layer.weight)
    kernel.backward(layer.top_diff, layer.bottom, layer.weight, weight_diff=weight_diff)
    assert_close([weight_diff], layer.expected()[2:3], EXACT)


@every_kernel
def test_backward_needs_no_forward(kernel_type, geometry, Layer, assert_close):
    layer = Layer(geometry)
    assert_close(layer.backward(kernel_type(geometry)), layer.expected()[1:], EXACT)


@every_kernel
@pytest.mark.parametrize("name", ["bottom", "weight"])
def test_backward_sees_what_torch_wrote_since_forward(kernel_type, geometry, name, Layer, assert_close):
    layer, kernel = Layer(geometry), kernel_type(geometry)
    layer.forward(kernel)
    getattr(layer, name)[-1].mul_(3)
    assert_close(layer.backward(kernel), layer.expected()[1:], EXACT)


@every_kernel
@pytest.mark.parametrize("name", ["bottom", "weight"])
def test_backward_sees_another_tensor_in_place_of_forwards(kernel_type, geometry, name, Layer, assert_close):
    layer, kernel = Layer(geometry), kernel_type(geometry)
    layer.forward(kernel)
    setattr(layer, name, getattr(layer, name) + 1)
    assert_close(layer.backward(kernel), layer.expected()[1:], EXACT)


@every_kernel
@pytest.mark.parametrize("name", ["bottom", "weight"])
def test_forget_lets_backward_see_what_numpy_wrote(kernel_type, geometry, name, Layer, assert_close):
    layer, kernel = Layer(geometry), kernel_type(geometry)
    layer.forward(kernel)
    getattr(layer, name).numpy()[-1] *= 3
    kernel.forget()
    assert_close(layer.backward(kernel), layer.expected()[1:], EXACT)


@every_kernel
def test_forward_sees_whatever_wrote_the_weights(kernel_type, geometry, Layer, assert_close):
    layer, kernel = Layer(geometry), kernel_type(geometry)
    layer.forward(kernel)
    layer.weight.numpy()[:] += 1
    assert_close([layer.forward(kernel)], layer.expected()[:1], EXACT)


def test_a_view_made_anew_is_known_to_be_the_same_bottom(Layer):
    layer, kernel = Layer(BAND), BandKernel(BAND)
    kernel.forward(layer.bottom[:], layer.weight[:], layer.bias, torch.empty_like(layer.top_diff))
    with Operators() as reused:
        layer.backward(kernel)
    kernel.forget()
    with Operators() as anew:
        layer.backward(kernel)
    assert anew.names.count("mm") == reused.names.count("mm") + 2      # the bottom's rows, and the weights'


@every_kernel
def test_a_change_of_type_takes_new_buffers(kernel_type, geometry, Layer, assert_close):
    kernel = kernel_type(geometry)
    Layer(geometry, torch.float32).forward(kernel)
    layer = Layer(geometry)
    assert_close([layer.forward(kernel), *layer.backward(kernel)], layer.expected(), EXACT)


@every_kernel
def test_inference_mode(kernel_type, geometry, Layer, assert_close):
    with torch.inference_mode():
        layer, kernel = Layer(geometry), kernel_type(geometry)
        actual = [layer.forward(kernel), *layer.backward(kernel)]
    with torch.inference_mode(False):
        ordinary = Layer(geometry)
        assert_close([t.clone() for t in actual], ordinary.expected(), EXACT)


@pytest.mark.parametrize("geometry", [
    ConvolutionGeometry(False, 64, 2, 28, 28, 2, (9, 9)),
    ConvolutionGeometry(False, 64, 2, 28, 28, 2, (9, 9), (2, 2), (3, 3)),
    ConvolutionGeometry(True, 64, 2, 12, 12, 2, (17, 17)),
    ConvolutionGeometry(True, 64, 32, 1, 1, 2, (12, 12)),
    ConvolutionGeometry(True, 64, 2, 28, 28, 1, (1, 1)),
])
def test_a_second_step_allocates_nothing_of_a_blobs_size(geometry, Layer):
    layer = Layer(geometry, store=lambda t: t.permute(2, 0, 1, 3).contiguous().permute(1, 2, 0, 3))
    kernel = choose(geometry)
    top, bottom_diff, weight_diff = (torch.empty_like(t) for t in (layer.top_diff, layer.bottom, layer.weight))

    def step():
        kernel.forward(layer.bottom, layer.weight, layer.bias, top)
        kernel.backward(layer.top_diff, layer.bottom, layer.weight, bottom_diff=bottom_diff, weight_diff=weight_diff)

    step()
    with Operators() as second:
        step()
    assert second.largest * 4 < min(layer.bottom.numel(), top.numel())


@every_kernel
def test_a_step_never_waits_for_the_device(kernel_type, geometry, Layer):
    layer, kernel = Layer(geometry), kernel_type(geometry)
    layer.forward(kernel)       # makes the constants
    kernel.forget()
    with Operators() as step:
        layer.forward(kernel)
        layer.backward(kernel)
    assert not {"_local_scalar_dense", "item", "nonzero", "equal"} & set(step.names)


@every_kernel
def test_runs_where_there_is_no_data_to_look_at(kernel_type, geometry, Layer):
    layer, kernel = Layer(geometry, store=lambda t: t.to("meta")), kernel_type(geometry)
    layer.weight, layer.bias = layer.weight.to("meta"), layer.bias.to("meta")
    assert layer.forward(kernel).shape == geometry.top_shape
    assert [g.shape for g in layer.backward(kernel)] == [t.shape for t in (layer.bottom, layer.weight, layer.bias)]


def test_kernels_that_share_scratch_do_not_disturb_each_other(Layer, assert_close):
    scratch = Scratch()
    layers = [Layer(geometry) for _, geometry in CASES[:7]]
    kernels = [kernel_type(geometry, scratch) for kernel_type, geometry in CASES[:7]]
    tops = [layer.forward(kernel) for layer, kernel in zip(layers, kernels)]
    for layer, kernel, top in reversed(list(zip(layers, kernels, tops))):
        assert_close([top, *layer.backward(kernel)], layer.expected(), EXACT)


@every_kernel
def test_training_after_inference_mode(kernel_type, geometry, Layer, assert_close):
    layer, kernel = Layer(geometry), kernel_type(geometry)
    with torch.inference_mode():
        layer.forward(kernel)
    assert_close([layer.forward(kernel), *layer.backward(kernel)], layer.expected(), EXACT)
