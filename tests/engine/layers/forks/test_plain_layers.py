"""What forks add to Pooling and Dropout."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, run_embedded, values
from fork_judge import hold
from fork_references.dropout import dropout
from fork_references.pooling import pooled_size, pooling
from hypothesis import assume, given
from hypothesis import strategies as st

from cae_caffe import pycaffe, schema
from cae_caffe.errors import InputError
from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L


def pooling_case(text, *shape, **further):
    return Case(f'type: "Pooling" pooling_param {{ {text} }}', [distinct(*shape)], **further)


def same(first: Case, second: Case) -> None:
    """Fail unless the engine gives the same for both, bit for bit."""
    for mine, other in zip(run_embedded(first), run_embedded(second)):
        assert list(mine) == list(other)
        assert all(np.array_equal(mine[name], other[name], equal_nan=True) for name in mine)


PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


def reaches_the_image(size, kernel, stride, pad, dilation, ceil_mode):
    """Whether the first value of each window lies in the image or in its padding."""
    number = pooled_size(size, kernel, stride, pad, dilation, ceil_mode)
    return all(n >= 1 and (n - 1) * s - p < length + p for n, s, p, length in zip(number, stride, pad, size))


@examples(40)
@given(method=st.sampled_from(["MAX", "AVE"]), size=st.tuples(st.integers(1, 7), st.integers(1, 7)), kernel=PAIRS,
       stride=PAIRS, pad=st.tuples(st.integers(0, 2), st.integers(0, 2)), dilation=PAIRS, ceil_mode=st.booleans(),
       tops=st.integers(1, 2), channels=st.sampled_from([1, 4]))
def test_dilated_windows(method, size, kernel, stride, pad, dilation, ceil_mode, tops, channels):
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    assume(all(p < e <= s + 2 * p for p, e, s in zip(pad, extent, size)))
    assume(reaches_the_image(size, kernel, stride, pad, dilation, ceil_mode))
    text = (f"pool: {method} kernel_h: {kernel[0]} kernel_w: {kernel[1]} stride_h: {stride[0]} stride_w: {stride[1]} "
            f"pad_h: {pad[0]} pad_w: {pad[1]} dilation: {dilation[0]} dilation: {dilation[1]} "
            f"ceil_mode: {str(ceil_mode).lower()}")
    options = {"pool": method, "kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation,
               "ceil_mode": ceil_mode}
    top_of = pooling(distinct(1, channels, *size).astype(np.float64), **options)[0]
    assume(top_of.min() > -1e30)       # a window of which no value lies in the image: below
    tops = tops if method == "MAX" else 1
    given_diffs = [values(*top_of.shape, seed=5), np.zeros(top_of.shape, np.float32)][:tops]

    hold(pooling_case(text, 1, channels, *size, tops=tops, top_diffs=given_diffs),
         lambda bottoms, params: pooling(bottoms[0], **options)[:tops])


TRIPLES = st.tuples(*[st.integers(1, 2)] * 3)


@examples(15)
@given(method=st.sampled_from(["MAX", "AVE"]), size=st.tuples(*[st.integers(2, 4)] * 3), kernel=TRIPLES, stride=TRIPLES,
       pad=st.tuples(*[st.integers(0, 1)] * 3), dilation=TRIPLES, tops=st.integers(1, 2), batches=st.integers(1, 2))
def test_volumes(method, size, kernel, stride, pad, dilation, tops, batches):
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    assume(all(p < e <= s + 2 * p for p, e, s in zip(pad, extent, size)))
    assume(reaches_the_image(size, kernel, stride, pad, dilation, True))
    options = {"pool": method, "kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation}
    tops = tops if method == "MAX" else 1
    top_of = pooling(distinct(1, 2, *size).astype(np.float64), **options)[0]
    assume(top_of.min() > -1e30)
    text = " ".join(f"{name}: {length}" for name, lengths in (
        ("kernel_size", kernel), ("stride", stride), ("pad", pad), ("dilation", dilation)) for length in lengths)
    given_diffs = [values(*top_of.shape, seed=5), np.zeros(top_of.shape, np.float32)][:tops]

    hold(pooling_case(f"pool: {method} {text}", 1, 2, *size, tops=tops, top_diffs=given_diffs, passes=batches),
         lambda bottoms, params: pooling(bottoms[0], **options)[:tops])


def test_lengths_for_rows_and_columns_and_one_for_all():
    options = {"kernel": (3, 2), "stride": (2, 1), "pad": (1, 0)}
    hold(pooling_case("kernel_size: 3 kernel_size: 2 stride: 2 stride: 1 pad: 1 pad: 0", 1, 2, 6, 7),
         lambda bottoms, params: pooling(bottoms[0], **options)[:1])
    hold(pooling_case("pool: AVE global_pooling: true", 2, 3, 2, 3, 4),
         lambda bottoms, params: [bottoms[0].mean((2, 3, 4), keepdims=True)])


def test_a_dilated_window_of_nothing_but_padding():
    # Its values lie before the first row, and behind the second and last.
    text = "kernel_h: 2 kernel_w: 1 dilation: 3 dilation: 1 pad_h: 1 pad_w: 0"
    results, = run_embedded(pooling_case(text, 1, 1, 2, 1, tops=2, top_diffs=[np.ones((1, 1, 1, 1), np.float32)] * 2))

    assert results["top0.data"].item() == np.finfo(np.float32).min
    assert results["top1.data"].item() == -1
    assert not results["bottom0.diff"].any()


def test_stochastic_pooling_of_dilated_windows():
    text = "pool: STOCHASTIC kernel_size: 2 dilation: 2"

    results, = run_embedded(Case(f'type: "Pooling" pooling_param {{ {text} }}', [values(1, 1, 3, 3, low=0)],
                                 phase="TEST"))

    corners = values(1, 1, 3, 3, low=0)[0, 0, ::2, ::2].astype(np.float64)
    np.testing.assert_allclose(results["top0.data"].item(), (corners ** 2).sum() / corners.sum(), rtol=1e-6)


@pytest.mark.parametrize("text", ["kernel_size: 3 stride: 2", "pool: AVE kernel_size: 3 stride: 2 pad: 1"])
def test_ceil_mode_false_is_caffes_floor(text):
    same(pooling_case(f"{text} ceil_mode: false", 2, 3, 6, 8), pooling_case(f"{text} round_mode: FLOOR", 2, 3, 6, 8))
    same(pooling_case(f"{text} ceil_mode: true dilation: 1", 2, 3, 6, 8), pooling_case(text, 2, 3, 6, 8))


@pytest.mark.parametrize(("text", "match"), [
    ("kernel_size: 2 ceil_mode: true round_mode: FLOOR", "opposite"),
    ("kernel_size: 2 dilation: 0", "`dilation` is .0."),
    ("kernel_size: 2 dilation: 1 dilation: 1 dilation: 1", "`dilation` 3 times.*2 axes"),
    ("kernel_size: 2 kernel_size: 2 kernel_size: 2", "`kernel_size` 3 times.*2 axes"),
    ("global_pooling: true dilation: 2", "global_pooling"),
    ("kernel_size: 2 dilation: 6", r"kernel \[7, 7\] does not fit"),
    ("kernel_size: 2 dilation: 2 pad: 3", "not smaller than its kernel"),
])
def test_windows_that_are_none(text, match):
    with pytest.raises(InputError, match=match):
        run_embedded(pooling_case(text, 1, 1, 6, 6))


def dropout_case(options, *shape, **further):
    return Case(f'type: "Dropout" dropout_param {{ {options} }}', [values(*shape, low=0.5)], **further)


@examples(20)
@given(scale_train=st.booleans(), sample_weights_test=st.booleans(), phase=st.sampled_from(["TRAIN", "TEST"]),
       ratio=st.sampled_from([0, 0.3, 0.75]), in_place=st.booleans())
def test_dropouts_that_scale_or_sample_in_the_test_phase(scale_train, sample_weights_test, phase, ratio, in_place):
    flags = {"scale_train": scale_train, "sample_weights_test": sample_weights_test}
    text = " ".join([f"dropout_ratio: {ratio}", *(f"{name}: {str(flag).lower()}" for name, flag in flags.items())])
    case = dropout_case(text, 3, 4, 5, phase=phase, in_place=in_place)
    caffes = run_embedded(dropout_case(f"dropout_ratio: {ratio}", 3, 4, 5))[0]      # real Caffe's mask
    mask = (caffes["top0.data"] != 0).astype(np.float64)
    drops = phase == "TRAIN" or sample_weights_test

    hold(case, lambda bottoms, params: [
        dropout(bottoms[0], mask, dropout_ratio=np.float32(ratio), phase=phase, **flags)])

    assert (run_embedded(case)[0][f"{case.top_names[0]}.data"] == 0).any() == (drops and ratio > 0)


def test_the_default_is_caffes_dropout():
    same(dropout_case("dropout_ratio: 0.3 scale_train: true sample_weights_test: false", 4, 5, passes=2),
         dropout_case("dropout_ratio: 0.3", 4, 5, passes=2))
    same(dropout_case("sample_weights_test: true", 4, 5, phase="TEST"), dropout_case("", 4, 5))


def test_a_ratio_of_one_is_refused_where_it_is_used():
    with pytest.raises(InputError, match="`dropout_ratio` is 1"):
        run_embedded(dropout_case("dropout_ratio: 1 scale_train: false", 4, 5, phase="TEST"))


def test_height_and_width_are_of_images():
    with pytest.raises(InputError, match=r"`kernel_h`.*3 axes"):
        run_embedded(pooling_case("kernel_h: 2 kernel_w: 2", 1, 1, 3, 3, 3))


def test_text_has_all_lengths_under_one_name():
    text = "pooling_param { kernel_size: 1 kernel_size: 2 pad: 3 kernel_size: 4 }"
    layer = schema.parse_text(text, schema.LayerParameter)

    assert layer.pooling_param.kernel_size == 1
    printed = schema.format_text(layer)
    assert " ".join(printed.split()) == "pooling_param { kernel_size: 1 kernel_size: 2 kernel_size: 4 pad: 3 }"
    assert schema.parse_text(printed, schema.LayerParameter) == layer
    with pytest.raises(InputError, match="no field `further_kernel_size`"):
        schema.parse_text("pooling_param { further_kernel_size: 1 }", schema.LayerParameter)
    with pytest.raises(InputError, match="`kernel_h` is given twice"):
        schema.parse_text("pooling_param { kernel_h: 1 kernel_h: 1 }", schema.LayerParameter)


def test_net_spec_takes_a_list_of_lengths():
    net = NetSpec()
    net.data = L.Input()
    net.pool = L.Pooling(net.data, kernel_size=[1, 2, 2], stride=[2])

    param = net.to_proto().layer[1].pooling_param
    assert schema.format_text(param) == "kernel_size: 1\nkernel_size: 2\nkernel_size: 2\nstride: 2\n"


def memory_net(folder, options):
    path = folder / "net.prototxt"
    path.write_text(f'layer {{ name: "data" type: "MemoryData" top: "data" top: "label" '
                    f"memory_data_param {{ {options} }} }}", encoding="utf-8")
    return pycaffe.Net(str(path), pycaffe.TEST)


def test_memory_data_of_any_axes(tmp_path):
    net = memory_net(tmp_path, "dim: 2 dim: 1 dim: 3 dim: 4 dim: 5")
    data = values(4, 1, 3, 4, 5)

    net.set_input_arrays(data, np.arange(4, dtype=np.float32))

    for first in (0, 2):
        assert np.array_equal(net.forward()["data"], data[first:first + 2])
        assert net.blobs["label"].data.shape == (2, 1, 1, 1, 1)
        assert net.blobs["label"].data.ravel().tolist() == [first, first + 1]
    with pytest.raises(InputError, match="rows have shape"):
        net.set_input_arrays(data[:, :, 0].copy(), np.arange(4, dtype=np.float32))


def test_memory_data_of_no_length(tmp_path):
    with pytest.raises(InputError, match=r"`dim`s are 2, 0"):
        memory_net(tmp_path, "dim: 2 dim: 0")
