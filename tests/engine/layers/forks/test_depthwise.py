"""The convolutions with a kernel for each channel, against Caffe 1.0's own Convolution with groups."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold, hold_against_caffe
from fork_references.depthwise_convolution import depthwise_convolution
from hypothesis import assume, given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

TYPES = ["ConvolutionDepthwise", "DepthwiseConvolution"]
SUM = {"floor": 0.1, "reason": "a sum of terms up to 1 may nearly cancel, where a blob has few values"}


def convolution(type_name: str, options: str, *bottoms: np.ndarray, **further) -> Case:
    return Case(f'type: "{type_name}" convolution_param {{ {options} }}', bottoms, tops=len(bottoms), **further)


@st.composite
def geometries(draw):
    """The options of an axis, and a length of it that the kernel fits into."""
    kernel, stride, pad = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
    dilation, length = draw(st.integers(1, 2)), draw(st.integers(1, 9))
    assume(dilation * (kernel - 1) + 1 <= length + 2 * pad)
    return kernel, stride, pad, dilation, length


@examples(50)
@given(type_name=st.sampled_from(TYPES), batch=st.integers(1, 3), channels=st.integers(1, 6),
       rows=geometries(), columns=geometries(), bias=st.sampled_from(["true", "false"]))
def test_geometry(judge, type_name, batch, channels, rows, columns, bias):
    lengths = [f"{name}: {a} {name}: {b}" for name, a, b
               in zip(["kernel_size", "stride", "pad", "dilation"], rows, columns)]
    options = f"num_output: {channels} group: {channels} bias_term: {bias} {' '.join(lengths)}"
    bottom = values(batch, channels, rows[-1], columns[-1])

    hold_against_caffe(judge, convolution(type_name, options, bottom), convolution("Convolution", options, bottom),
                       **SUM)


@pytest.mark.parametrize("options", ["kernel_size: 3", "kernel_size: 3 num_output: 4",
                                     "kernel_h: 3 kernel_w: 2 group: 4",
                                     "kernel_size: 3 stride_h: 2 stride_w: 1 pad_h: 0 pad_w: 1"])
def test_conv_dw_needs_neither_outputs_nor_groups(judge, options):
    bottom = values(2, 4, 6, 7)
    rest = options.replace("num_output: 4", "").replace("group: 4", "")

    hold_against_caffe(judge, convolution("ConvolutionDepthwise", options, bottom),
                       convolution("Convolution", f"{rest} num_output: 4 group: 4", bottom), **SUM)


@pytest.mark.parametrize("group", [1, 2])
def test_depthwise_convolution_takes_any_groups(judge, group):
    options = f"kernel_size: 3 num_output: 6 group: {group} dilation: 2 pad: 2"
    bottoms = [values(2, 4, 6, 7), values(2, 4, 6, 7, seed=1)]

    hold_against_caffe(judge, convolution("DepthwiseConvolution", options, *bottoms),
                       convolution("Convolution", options, *bottoms), **SUM)


@pytest.mark.parametrize("type_name", TYPES)
def test_other_sizes_later(judge, type_name):
    options = "kernel_size: 3 pad: 1 stride: 2 num_output: 3 group: 3"
    later = [[values(3, 3, 8, 4)], [values(1, 3, 3, 3)]]

    hold_against_caffe(judge, convolution(type_name, options, values(2, 3, 5, 6), then=later),
                       convolution("Convolution", options, values(2, 3, 5, 6), then=later), **SUM)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize(("bias", "stride", "pad", "dilation"), [(True, 1, 1, 1), (False, 2, 0, 1), (True, 1, 2, 2)])
def test_the_forks_formula(type_name, bias, stride, pad, dilation):
    options = (f"num_output: 3 group: 3 kernel_size: 3 kernel_size: 2 bias_term: {str(bias).lower()} stride: {stride} "
               f"pad: {pad} dilation: {dilation}")

    hold(convolution(type_name, options, values(2, 3, 6, 5)), lambda bottoms, params: [depthwise_convolution(
        bottoms[0], *params, stride=(stride,) * 2, pad=(pad,) * 2, dilation=(dilation,) * 2)])


@pytest.mark.parametrize("type_name", TYPES)
def test_it_is_the_engines_own_convolution(type_name):
    """What the fillers draw and all results are bit for bit those of the engine's Convolution, real Caffe or not."""
    options = 'kernel_size: 3 pad: 1 num_output: 8 group: 8 weight_filler { type: "msra" } bias_filler { value: 0.5 }'
    bottom = values(2, 8, 12, 12)

    found, = run_embedded(convolution(type_name, options, bottom, params="filled"))
    wanted, = run_embedded(convolution("Convolution", options, bottom, params="filled"))

    assert {name: array.tobytes() for name, array in found.items()} \
        == {name: array.tobytes() for name, array in wanted.items()}


@pytest.mark.parametrize(("options", "shape", "match"), [
    ("kernel_size: 3 num_output: 6", (2, 3, 5, 5), "`num_output` is 6, .* 3 channels.*`num_output: 3`"),
    ("kernel_size: 3 group: 2", (2, 4, 5, 5), "`group` is 2, .*4 channels"),
    ("kernel_size: 3", (2, 4, 5), "four axes"),
    ("kernel_size: 3 axis: 2", (2, 2, 4, 5, 5), "four axes"),
    ("num_output: 4", (2, 4, 5, 5), "no `kernel_size`"), ("kernel_size: 3", (2, 0, 5, 5), "no channels"),
])
def test_what_conv_dw_does_not_compute_is_refused(options, shape, match):
    with pytest.raises(InputError, match=match):
        run_embedded(convolution("ConvolutionDepthwise", options, values(*shape)))
