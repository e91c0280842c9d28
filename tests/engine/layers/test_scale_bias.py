"""Scale and Bias: learned factors and addends, or those of a second bottom."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

SEEDS = st.integers(0, 1000)
IN_PLACE = ("Caffe's in-place Scale overwrites the bottom it has kept in its first backward pass, so that its second "
            "one is wrong")


@st.composite
def ranges(draw):
    """A bottom's shape, an axis of it, and how many axes from there on."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple))
    axis = draw(st.integers(0, len(shape) - 1))
    return shape, axis, draw(st.integers(0, len(shape) - axis))


def text(kind, axis, number, **more):
    options = " ".join(f"{name}: {value}" for name, value in {"axis": axis, "num_axes": number, **more}.items())
    return f'type: "{kind}" {kind.lower()}_param {{ {options} }}'


@examples(40)
@given(where=ranges(), from_end=st.booleans(), to_end=st.booleans(), bias=st.booleans(), in_place=st.booleans(),
       seed=SEEDS)
def test_learned_scale(judge, where, from_end, to_end, bias, in_place, seed):
    shape, axis, number = where
    more = {"bias_term": "true"} if bias else {}
    layer = text("Scale", axis - len(shape) * from_end, -1 if to_end else number, **more)
    ignore = ["layer[0].diff twice"] if in_place else []
    judge(Case(layer, [values(*shape, seed=seed)], in_place=in_place), ignore=ignore, reason=IN_PLACE)


@examples(25)
@given(where=ranges(), from_end=st.booleans(), to_end=st.booleans(), in_place=st.booleans(), seed=SEEDS)
def test_learned_bias(judge, where, from_end, to_end, in_place, seed):
    shape, axis, number = where
    layer = text("Bias", axis - len(shape) * from_end, -1 if to_end else number)
    judge(Case(layer, [values(*shape, seed=seed)], in_place=in_place))


@examples(40)
@given(kind=st.sampled_from(["Scale", "Bias"]), where=ranges(), bias=st.booleans(), in_place=st.booleans(), seed=SEEDS)
def test_factor_of_a_second_bottom(judge, kind, where, bias, in_place, seed):
    shape, axis, number = where
    more = {"bias_term": "true"} if bias and kind == "Scale" else {}
    bottoms = [values(*shape, seed=seed), values(*shape[axis:axis + number], seed=seed + 1)]
    judge(Case(text(kind, axis, 1, **more), bottoms, in_place=in_place))


def test_other_shapes_and_accumulated_diffs(judge):
    judge(Case(text("Scale", 1, 1, bias_term="true"), [values(2, 3, 4, 5)], passes=2,
               then=[[values(1, 3, 6, 2)], [values(5, 3, 1, 1)]]))


def test_fillers(judge):
    draws = 'filler { type: "gaussian" } bias_filler { type: "uniform" }'
    judge(Case(f'type: "Scale" scale_param {{ num_axes: 2 bias_term: true {draws} }}', [values(2, 3, 4)],
               params="filled"))
    judge(Case('type: "Scale" scale_param { bias_term: true }', [values(2, 3)], params="filled"))
    judge(Case('type: "Bias" bias_param { filler { type: "uniform" } }', [values(2, 3)], params="filled"))


@pytest.mark.parametrize("kind", ["Scale", "Bias"])
def test_refuses_axes_the_bottom_has_not(judge, kind):
    judge.refused(Case(text(kind, 1, 3), [values(2, 3, 4)]), match="`num_axes` is 3")
    judge.refused(Case(text(kind, 3, 1), [values(2, 3, 4)]), match="axis 3 is out of range")


@pytest.mark.parametrize("kind", ["Scale", "Bias"])
def test_refuses_a_factor_of_other_lengths(judge, kind):
    judge.refused(Case(text(kind, 1, 1), [values(2, 3), values(2)]), match="must agree, axis by axis")
    judge.refused(Case(text(kind, 1, 1), [values(2, 3), values(3, 1)]), match="must agree, axis by axis")


def test_a_bias_keeps_its_lengths_where_the_factor_is_a_bottom(judge):
    case = Case(text("Scale", 0, 1, bias_term="true"), [values(2, 3), values(2)], backward=False,
                then=[[values(3, 3), values(3)]])
    judge.refused(case, match="its factor has shape 2 .* must agree, axis by axis")


GOLDEN = {
    "Scale": Case(text("Scale", 1, 2, bias_term="true"), [values(2, 3, 2, 2)]),
    "Scale by a bottom": Case(text("Scale", 0, 1), [values(2, 3), values(2)]),
    "Scale by a scalar": Case(text("Scale", 1, 0, bias_term="true"), [values(2, 3)]),
    "Bias": Case(text("Bias", -1, 1), [values(2, 3)], in_place=True),
    "Bias of a bottom": Case(text("Bias", 1, 1), [values(2, 3, 2), values(3)]),
}
