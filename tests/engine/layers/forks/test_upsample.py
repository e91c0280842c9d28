"""Upsample: SegNet's by a mask, and YOLO's of one bottom."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.upsample import upsample_by_mask, upsample_nearest
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def mask(shape, places, seed=0, repeats=False):
    """For each plane of `shape` places below `places`, each once unless they may repeat."""
    random = np.random.RandomState(seed)
    count = int(np.prod(shape[2:]))
    planes = [random.choice(places, count, replace=repeats) for _ in range(shape[0] * shape[1])]
    return np.reshape(planes, shape).astype(np.float32)


def by_mask(shape, options, size, **further):
    repeats = further.pop("repeats", False)
    written = " ".join(f"{name}: {str(value).lower()}" for name, value in options.items())
    return Case(f'type: "Upsample" upsample_param {{ {written} }}',
                [values(*shape), mask(shape, size[0] * size[1], repeats=repeats)], **further)


SIZES = st.one_of(
    st.fixed_dictionaries({}, optional={"scale": st.integers(2, 3)}),
    st.fixed_dictionaries({"scale_h": st.integers(2, 3), "scale_w": st.integers(2, 3)}),
    st.fixed_dictionaries({}, optional={"scale": st.just(2), "pad_out_h": st.booleans(), "pad_out_w": st.booleans()}),
    st.fixed_dictionaries({"upsample_h": st.integers(8, 9), "upsample_w": st.integers(8, 10)},
                          optional={"scale": st.just(2)}))


def size_of(shape, options):
    if "upsample_h" in options:
        return options["upsample_h"], options["upsample_w"]
    scale = options.get("scale", 2)
    return (shape[2] * options.get("scale_h", scale) - options.get("pad_out_h", False),
            shape[3] * options.get("scale_w", scale) - options.get("pad_out_w", False))


@examples(40)
@given(shape=st.tuples(*[st.integers(1, 3)] * 2, *[st.integers(1, 4)] * 2), options=SIZES, repeats=st.booleans())
def test_values_where_the_mask_says(shape, options, repeats):
    size = size_of(shape, options)
    repeats = repeats or size[0] * size[1] < shape[2] * shape[3]

    hold(by_mask(shape, options, size, repeats=repeats),
         lambda bottoms, params: [upsample_by_mask(*bottoms, **options)], gradients=[0])


def test_of_values_at_one_place_the_last_stays_and_it_alone_has_a_gradient():
    case = Case('type: "Upsample"', [np.float32([[[[5, 6, 7]]]]), np.float32([[[[3, 0, 3]]]])],
                top_diffs=[np.arange(12, dtype=np.float32).reshape(1, 1, 2, 6) + 1])

    results, = run_embedded(case)

    assert results["top0.data"].ravel().tolist() == [6, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0]
    assert results["bottom0.diff"].ravel().tolist() == [0, 1, 4]


def test_later_batches_have_sizes_of_their_own():
    larger = (3, 2, 3, 4)
    case = by_mask((1, 2, 2, 2), {"scale": 2}, (4, 4), then=[[values(*larger), mask(larger, 48)]])

    hold(case, lambda bottoms, params: [upsample_by_mask(*bottoms)], gradients=[0])


def test_pooling_and_pytorch_agree_with_it():
    image = values(2, 3, 6, 8)
    case = Case('''layer { name: "pool" type: "Pooling" bottom: "bottom0" top: "pool" top: "mask"
                           pooling_param { kernel_size: 2 stride: 2 } }
                   layer { name: "up" type: "Upsample" bottom: "pool" bottom: "mask" top: "up"
                           upsample_param { scale: 2 } }''', [image])

    results, = run_embedded(case)

    pooled, places = torch.nn.functional.max_pool2d(torch.from_numpy(image), 2, return_indices=True)
    assert np.array_equal(results["up.data"], torch.nn.functional.max_unpool2d(pooled, places, 2))


@examples(20)
@given(shape=st.tuples(*[st.integers(1, 3)] * 4), scale=st.one_of(st.none(), st.integers(1, 3)))
def test_one_bottom_is_repeated(shape, scale):
    options = "" if scale is None else f"upsample_param {{ scale: {scale} }}"

    hold(Case(f'type: "Upsample" {options}', [values(*shape)]),
         lambda bottoms, params: [upsample_nearest(bottoms[0], scale=scale or 1)])


@pytest.mark.parametrize(("options", "bottoms", "match"), [
    ("scale: 1", 2, "scale is .1, 1.*at least 2"),
    ("scale_h: 2", 2, "`scale_h` alone"),
    ("scale: 2 scale_h: 2 scale_w: 2", 2, "`scale`, and `scale_h`"),
    ("upsample_w: 4", 2, "`upsample_w` alone"),
    ("upsample_h: 1 upsample_w: 4", 2, r"\[1, 4\]"),
    ("scale: 3 pad_out_w: true", 2, "`pad_out_w: true` with a scale of 3"),
    ("scale: 0", 1, "`scale` is 0"),
    ("upsample_h: 4 upsample_w: 4", 1, "`upsample_h`.*no second bottom"),
])
def test_options_that_are_none(options, bottoms, match):
    shape = (1, 1, 2, 2)

    with pytest.raises(InputError, match=match):
        run_embedded(Case(f'type: "Upsample" upsample_param {{ {options} }}',
                          [values(*shape), mask(shape, 4)][:bottoms]))


@pytest.mark.parametrize("place", [16, -1, np.nan])
def test_a_place_outside_the_top_is_refused(place):
    places = np.float32([[[[0, 1], [2, place]]]])

    with pytest.raises(InputError, match=r"at place.*4x4, have the places 0 to 15"):
        run_embedded(Case('type: "Upsample"', [values(1, 1, 2, 2), places]))


@pytest.mark.parametrize("shapes", [[(1, 2, 2, 2), (1, 1, 2, 2)], [(2, 3), (2, 3)], [(2, 3)]])
def test_shapes_that_do_not_fit(shapes):
    with pytest.raises(InputError, match="shape"):
        run_embedded(Case('type: "Upsample"', [values(*shape) for shape in shapes]))
