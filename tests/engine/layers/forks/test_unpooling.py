"""H. Noh's Unpooling."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.unpooling import unpooling
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import schema
from cae_caffe.errors import InputError

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


def case(shape, method, kernel, stride, size, mask=None, **further):
    options = (f"unpool: {method} kernel_h: {kernel[0]} kernel_w: {kernel[1]} stride_h: {stride[0]} "
               f"stride_w: {stride[1]} unpool_h: {size[0]} unpool_w: {size[1]}")
    bottoms = [values(*shape)] + ([] if mask is None else [mask])
    return Case(f'type: "Unpooling" unpooling_param {{ {options} }}', bottoms, **further)


def reference(method, kernel, stride, size):
    return lambda bottoms, params: [unpooling(*bottoms, unpool=method, kernel=kernel, stride=stride, size=size)]


@examples(60)
@given(shape=st.tuples(*[st.integers(1, 3)] * 4), method=st.sampled_from(["MAX", "AVE", "TILE"]), kernel=PAIRS,
       stride=PAIRS, size=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_windows(shape, method, kernel, stride, size):
    hold(case(shape, method, kernel, stride, size), reference(method, kernel, stride, size))


@examples(20)
@given(shape=st.tuples(*[st.integers(1, 3)] * 4), size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
       seed=st.integers(0, 9))
def test_places_that_pooling_found(shape, size, seed):
    mask = np.random.RandomState(seed).randint(0, size[0] * size[1], shape).astype(np.float32)

    hold(case(shape, "MAX", (2, 2), (2, 2), size, mask), reference("MAX", (2, 2), (2, 2), size), gradients=[0])


@pytest.mark.parametrize("method", ["MAX", "AVE", "TILE"])
def test_later_batches_of_other_shapes(method):
    hold(case((1, 2, 2, 2), method, (2, 2), (2, 2), (5, 5), passes=2, then=[[values(3, 1, 3, 2)]]),
         reference(method, (2, 2), (2, 2), (5, 5)))


def test_one_length_for_both_axes():
    hold(Case('type: "Unpooling" unpooling_param { kernel_size: 2 stride: 2 unpool_size: 6 }', [values(2, 2, 3, 3)]),
         reference("MAX", (2, 2), (2, 2), (6, 6)))


def test_tiles_have_the_gradient_of_what_they_are():
    text = 'type: "Unpooling" unpooling_param { unpool: TILE kernel_size: 2 stride: 2 unpool_size: 2 }'

    results, = run_embedded(Case(text, [np.float32([[[[3]]]])], top_diffs=[np.ones((1, 1, 2, 2), np.float32)]))

    assert results["top0.data"].tolist() == [[[[3, 3], [3, 3]]]]
    assert results["bottom0.diff"].item() == 4


@pytest.mark.parametrize(("options", "match"), [
    ("unpool_size: 4", "`kernel_size`, or both `kernel_h` and `kernel_w`"),
    ("kernel_size: 2 kernel_h: 2 kernel_w: 2 unpool_size: 4", "`kernel_size`, or both"),
    ("kernel_size: 0 unpool_size: 4", "at least 1"),
    ("kernel_size: 2 stride_h: 2 unpool_size: 4", "`stride`, or both"),
    ("kernel_size: 2", "`unpool_size`, or both"),
    ("kernel_size: 2 unpool_h: 2", "`unpool_size`, or both"),
    ("kernel_size: 2 unpool_size: 0", "at least 1"),
    ("kernel_size: 2 unpool_size: 4 pad: 1", "without one only"),
])
def test_options_that_are_none(options, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(f'type: "Unpooling" unpooling_param {{ {options} }}', [values(1, 1, 2, 2)]))


def test_only_the_maximum_has_places():
    with pytest.raises(InputError, match="2 bottom blob"):
        run_embedded(case((1, 1, 2, 2), "AVE", (2, 2), (2, 2), (4, 4), np.zeros((1, 1, 2, 2), np.float32)))


def test_a_place_outside_the_top_is_refused():
    with pytest.raises(InputError, match=r"at place 16.*4x4"):
        run_embedded(case((1, 1, 1, 1), "MAX", (2, 2), (2, 2), (4, 4), np.full((1, 1, 1, 1), 16, np.float32)))


def test_v1_has_it():
    text = '''layers { name: "up" type: UNPOOLING bottom: "bottom0" top: "top0"
              unpooling_param { unpool: TILE kernel_size: 2 stride: 2 unpool_size: 4 } }'''
    net = schema.parse_net('input: "bottom0" input_dim: 1 input_dim: 1 input_dim: 2 input_dim: 2 ' + text)

    assert [layer.type for layer in net.layer][-1] == "Unpooling"
    assert net.layer[-1].unpooling_param.unpool_size == 4
