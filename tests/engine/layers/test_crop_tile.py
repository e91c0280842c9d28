"""Crop and Tile: a part of a blob, and a blob several times."""

from __future__ import annotations

import pytest
from conformance import Case, examples, run_embedded, values
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


@st.composite
def crops(draw):
    """The shapes of both bottoms, the axis and the offsets."""
    shape = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5).map(tuple))
    axis = draw(st.integers(0, len(shape) - 1))
    wanted = tuple(draw(st.integers(1, length)) for length in shape)
    offsets = [draw(st.integers(0, length - part)) for length, part in zip(shape[axis:], wanted[axis:])]
    kind = draw(st.sampled_from(["none", "one", "all"]))
    offsets = {"none": [], "one": [min(offsets)], "all": offsets}[kind]
    return shape, wanted, axis - draw(st.booleans()) * len(shape), offsets


@examples(40)
@given(crop=crops(), seed=st.integers(0, 1000))
def test_crop(judge, crop, seed):
    shape, wanted, axis, offsets = crop
    options = " ".join(f"offset: {offset}" for offset in offsets)
    judge(Case(f'type: "Crop" crop_param {{ axis: {axis} {options} }}',
               [values(*shape, seed=seed), values(*wanted)]))


def test_crop_to_other_shapes(judge):
    judge(Case('type: "Crop" crop_param { offset: 1 offset: 0 }', [values(2, 3, 6, 5), values(1, 1, 4, 4)],
               then=[[values(1, 2, 3, 9), values(7, 1, 2, 9)]]))


def test_crop_refuses_to_reach_beyond(judge):
    judge.refused(Case('type: "Crop" crop_param { offset: 3 }', [values(1, 1, 5, 5), values(1, 1, 3, 2)]),
                  match="cuts 3 values from 3 on out of axis 2, which has 5")


def test_crop_refuses_the_wrong_number_of_offsets(judge):
    judge.refused(Case('type: "Crop" crop_param { axis: 1 offset: 0 offset: 0 }', [values(1, 1, 5, 5)] * 2),
                  match="`offset` 2 times and cuts 3 axes")


def test_crop_refuses_a_second_bottom_of_fewer_axes(judge):
    judge.refused(Case('type: "Crop"', [values(1, 1, 5, 5), values(3, 3)]), match="fewer axes")


@examples(30)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple), data=st.data(), tiles=st.integers(1, 4))
def test_tile(judge, shape, data, tiles):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    judge(Case(f'type: "Tile" tile_param {{ axis: {axis} tiles: {tiles} }}', [values(*shape)]))


@pytest.mark.parametrize("options", ["", "tiles: 0", "tiles: -1"])
def test_tile_refuses_no_tiles(judge, options):
    judge.refused(Case(f'type: "Tile" tile_param {{ {options} }}', [values(2, 3)]), match="`tiles` is")


def test_tile_refuses_an_axis_the_bottom_has_not(judge):
    judge.refused(Case('type: "Tile" tile_param { axis: 2 tiles: 2 }', [values(2, 3)]), match="out of range")


def test_tile_refuses_to_run_in_place():
    with pytest.raises(InputError, match="runs in place"):
        run_embedded(Case('type: "Tile" tile_param { tiles: 2 }', [values(2, 3)], in_place=True))


GOLDEN = {
    "Crop": Case('type: "Crop" crop_param { offset: 1 offset: 0 }', [values(1, 2, 3, 3), values(1, 1, 2, 2)]),
    "Crop from axis 1": Case('type: "Crop" crop_param { axis: 1 }', [values(2, 3, 3), values(5, 2, 1)]),
    "Tile": Case('type: "Tile" tile_param { axis: 1 tiles: 3 }', [values(2, 3, 2)]),
}
