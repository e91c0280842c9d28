"""Im2col: the windows that a convolution sees, as channels."""

from __future__ import annotations

import pytest
from conformance import Case, examples, run_embedded, values
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


@st.composite
def windows(draw):
    """A bottom's shape, its channel axis, and the options of a kernel that fits."""
    spatial = draw(st.integers(1, 3))
    kernel = [draw(st.integers(1, 3)) for _ in range(spatial)]
    dilation = [draw(st.integers(1, 2)) for _ in range(spatial)]
    pad = [draw(st.integers(0, 2)) for _ in range(spatial)]
    stride = [draw(st.integers(1, 3)) for _ in range(spatial)]
    lengths = [max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 3)) for k, d, p in zip(kernel, dilation, pad)]
    batch = draw(st.lists(st.integers(1, 3), max_size=2))
    options = {"kernel_size": kernel, "dilation": dilation, "pad": pad, "stride": stride}
    text = " ".join(f"{name}: {length}" for name, numbers in options.items() for length in numbers)
    return (*batch, draw(st.integers(1, 3)), *lengths), len(batch), text


@examples(50)
@given(windows=windows(), force=st.sampled_from(["true", "false"]), seed=st.integers(0, 1000))
def test_windows(judge, windows, force, seed):
    shape, axis, text = windows
    judge(Case(f'type: "Im2col" convolution_param {{ axis: {axis} force_nd_im2col: {force} {text} }}',
               [values(*shape, seed=seed)]))


@pytest.mark.parametrize("options", [
    "kernel_size: 2", "kernel_h: 2 kernel_w: 3", "kernel_size: 3 stride: 2", "kernel_size: 3 stride_h: 2 stride_w: 1",
    "kernel_size: 3 pad: 1", "kernel_size: 3 pad_h: 2 pad_w: 0", "kernel_size: 2 dilation: 2"])
def test_one_length_for_all_axes_and_pairs(judge, options):
    judge(Case(f'type: "Im2col" convolution_param {{ {options} }}', [values(2, 2, 5, 6)]))


def test_other_shapes(judge):
    judge(Case('type: "Im2col" convolution_param { kernel_size: 2 }', [values(2, 2, 5, 6)],
               then=[[values(1, 3, 4, 3)]]))


@pytest.mark.parametrize("options, match", [
    ("", "`kernel_size` is"), ("kernel_size: 0", "`kernel_size` is"), ("kernel_size: 2 kernel_h: 2", "instead of"),
    ("kernel_size: 2 kernel_size: 2 kernel_size: 2", "`kernel_size` 3 times"), ("kernel_h: 2", "`kernel_size` is"),
    ("kernel_size: 2 stride: 0", "`stride` is"), ("kernel_size: 2 axis: 3", "no spatial axis"),
    ("kernel_size: 2 axis: 0 stride_h: 1", "for two spatial axes")])
def test_refuses_what_caffe_refuses(judge, options, match):
    judge.refused(Case(f'type: "Im2col" convolution_param {{ {options} }}', [values(2, 2, 5, 6)]), match=match)


def test_refuses_a_kernel_that_does_not_fit():
    with pytest.raises(InputError, match="does not fit"):
        run_embedded(Case('type: "Im2col" convolution_param { kernel_size: 9 }', [values(2, 2, 5, 6)]))


GOLDEN = {
    "images": Case('type: "Im2col" convolution_param { kernel_size: 2 stride: 2 pad: 1 dilation: 2 }',
                   [values(1, 2, 4, 3)]),
    "volumes": Case('type: "Im2col" convolution_param { kernel_size: 2 }', [values(1, 1, 2, 3, 3)]),
}
