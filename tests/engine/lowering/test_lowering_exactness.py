"""Every kernel computes what PyTorch computes in float64, on any shape and any layout of its tensors."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cae_caffe.engine.lowering import (
    BandKernel,
    ConvolutionGeometry,
    MatmulKernel,
    NativeKernel,
    PlaneKernel,
    UnfoldKernel,
    choose,
)
from cae_caffe.engine.lowering.measure import paper_layers

DOUBLE = 1e-12      # of the largest value: a few hundred roundings in float64
SINGLE = 1e-6       # the same in float32: what the lowering promises


def rows_first(tensor):
    return tensor.permute(2, 0, 1, 3).contiguous().permute(1, 2, 0, 3)


def inside_a_larger_one(tensor):
    """Strides that no dense layout has."""
    wide = torch.zeros(*tensor.shape[:3], 2 * tensor.shape[3] + 1, dtype=tensor.dtype)
    part = wide[..., 1::2]
    return part.copy_(tensor)


LAYOUTS = {"batch first": torch.Tensor.contiguous, "rows first": rows_first,
           "channels last": lambda t: t.contiguous(memory_format=torch.channels_last),
           "part of a larger one": inside_a_larger_one}
sizes, few, strides, pads, layouts = (st.integers(1, 9), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2),
                                      st.sampled_from(sorted(LAYOUTS)))
to_five, one, either = st.integers(1, 5), st.just(1), st.booleans()


@st.composite
def geometries(draw, kernels=to_five, group=1, dilations=one, transposed=either):
    geometry = ConvolutionGeometry(
        transposed=draw(transposed), batch=draw(few), in_channels=group * draw(few), in_height=draw(sizes),
        in_width=draw(sizes), out_channels=group * draw(few), kernel=(draw(kernels), draw(kernels)),
        stride=(draw(strides), draw(strides)), pad=(draw(pads), draw(pads)),
        dilation=(draw(dilations), draw(dilations)), group=group, has_bias=draw(st.booleans()))
    assume(geometry.out_height > 0 and geometry.out_width > 0)
    return geometry


@st.composite
def one_position(draw):
    """Deconvolutions of 1 x 1 images, and convolutions whose kernel covers the padded image."""
    transposed, pad, kernel = draw(st.booleans()), (draw(pads), draw(pads)), (draw(st.integers(5, 8)),
                                                                            draw(st.integers(5, 8)))
    height, width = (1, 1) if transposed else (kernel[0] - 2 * pad[0], kernel[1] - 2 * pad[1])
    return ConvolutionGeometry(transposed, draw(few), draw(few), height, width, draw(few), kernel, pad=pad,
                               stride=(draw(strides), draw(strides)), has_bias=draw(st.booleans()))


@st.composite
def planes(draw):
    return ConvolutionGeometry(draw(st.booleans()), draw(few), draw(few), draw(sizes), draw(sizes), draw(few), (1, 1),
                               has_bias=draw(st.booleans()))


any_group = st.integers(1, 2).flatmap(lambda group: geometries(group=group, dilations=st.integers(1, 2)))
examples = settings(max_examples=60, deadline=None, derandomize=True,
                    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture])


def check(kernel, layer, assert_close, tolerance):
    assert_close([layer.forward(kernel), *layer.backward(kernel)], layer.expected(), tolerance)


@pytest.mark.parametrize("name", paper_layers())
@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, SINGLE), (torch.float64, DOUBLE)])
def test_layers_of_the_paper(name, dtype, tolerance, Layer, assert_close):
    geometry = paper_layers(batch=100)[name]
    layer = Layer(geometry, dtype, store=rows_first)
    check(choose(geometry), layer, assert_close, tolerance)


@examples
@given(geometry=geometries(), layout=layouts)
def test_band_on_any_shape(Layer, assert_close, geometry, layout):
    check(BandKernel(geometry), Layer(geometry, store=LAYOUTS[layout]), assert_close, DOUBLE)


@examples
@given(geometry=one_position(), layout=layouts)
def test_matmul_on_one_kernel_position(Layer, assert_close, geometry, layout):
    check(MatmulKernel(geometry), Layer(geometry, store=LAYOUTS[layout]), assert_close, DOUBLE)


@examples
@given(geometry=planes(), layout=layouts)
def test_planes_of_1x1_kernels(Layer, assert_close, geometry, layout):
    check(PlaneKernel(geometry), Layer(geometry, store=LAYOUTS[layout]), assert_close, DOUBLE)


@examples
@given(geometry=geometries(transposed=st.just(False)), layout=layouts)
def test_unfolding_on_any_shape(Layer, assert_close, geometry, layout):
    check(UnfoldKernel(geometry), Layer(geometry, store=LAYOUTS[layout]), assert_close, DOUBLE)


@examples
@given(geometry=any_group, layout=layouts)
def test_native_with_groups_and_dilation(Layer, assert_close, geometry, layout):
    check(NativeKernel(geometry), Layer(geometry, store=LAYOUTS[layout]), assert_close, DOUBLE)


@pytest.mark.long
@settings(examples, max_examples=2000)
@given(geometry=geometries(kernels=st.integers(1, 9)), layout=layouts)
def test_whatever_the_rule_chooses_on_many_shapes(Layer, assert_close, geometry, layout):
    layer = Layer(geometry, store=LAYOUTS[layout])
    check(choose(geometry), layer, assert_close, DOUBLE)
    check(BandKernel(geometry), layer, assert_close, DOUBLE)


@pytest.mark.parametrize("kernel_type, geometry", [
    (BandKernel, ConvolutionGeometry(False, 16, 3, 31, 27, 4, (7, 9), (2, 2), (3, 1))),
    (BandKernel, ConvolutionGeometry(True, 16, 3, 14, 11, 4, (7, 9), (2, 3), (1, 2))),
    (MatmulKernel, ConvolutionGeometry(False, 16, 3, 9, 7, 4, (11, 7), (1, 1), (1, 0))),
    (UnfoldKernel, ConvolutionGeometry(False, 64, 1, 28, 28, 20, (5, 5))),
    (UnfoldKernel, ConvolutionGeometry(False, 16, 3, 31, 27, 4, (7, 9), (2, 2), (3, 1))),
])
def test_stride_and_padding_in_single_precision(kernel_type, geometry, Layer, assert_close):
    check(kernel_type(geometry), Layer(geometry, torch.float32), assert_close, SINGLE)


def test_rows_that_no_kernel_reaches_get_no_gradient(Layer):
    geometry = ConvolutionGeometry(False, 2, 2, 10, 12, 3, (3, 3), (4, 4))
    layer = Layer(geometry)
    for kernel_type in BandKernel, UnfoldKernel:
        bottom_diff = layer.backward(kernel_type(geometry))[0]
        assert bottom_diff[:, :, 7:].eq(0).all() and bottom_diff[:, :, :, 11:].eq(0).all()
