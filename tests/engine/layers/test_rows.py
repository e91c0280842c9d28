"""BatchReindex, Filter and Embed: layers that choose rows by the values of a blob."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

SEEDS = st.integers(0, 1000)
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)

# force_backward asks for a gradient of every bottom, which none of these layers has for all of its; so the nets that
# go backward have a learned layer before the bottom that has one.
LEARNED = 'layer { name: "learned" type: "Bias" bottom: "x" top: "y" bias_param { axis: 0 num_axes: -1 } }\n'


def through(case_text, *arrays, names=("x", "numbers"), **more):
    """A net without force_backward: Bias, whose parameter's diff is the gradient of its top, then the layer."""
    return Case(LEARNED + case_text, dict(zip(names, arrays)), force_backward=False, **more)


REINDEX = 'layer { name: "layer" type: "BatchReindex" bottom: "y" bottom: "numbers" top: "top" loss_weight: 1 }'


@examples(20)
@given(shape=SHAPES, number=st.integers(1, 6), seed=SEEDS)
def test_batch_reindex(judge, shape, number, seed):
    judge(through(REINDEX, values(*shape, seed=seed), whole_numbers(number, below=shape[0], seed=seed)))


def test_batch_reindex_cuts_off_fractions(judge):
    judge(Case('type: "BatchReindex"', [values(3, 2), np.array([0.5, 2.9, 1], np.float32)], backward=False))


@pytest.mark.parametrize("number", [-1, 3])
def test_batch_reindex_refuses_rows_there_are_not(judge, number):
    judge.refused(Case('type: "BatchReindex"', [values(3, 2), np.array([number], np.float32)], backward=False),
                  match=f"row number {number}; it has rows 0 to 2")


def test_batch_reindex_refuses_numbers_of_two_axes(judge):
    judge.refused(Case('type: "BatchReindex"', [values(3, 2), values(1, 1)]), match="must have one axis")


def test_batch_reindex_has_no_gradient_for_the_numbers(judge):
    judge.refused(Case('type: "BatchReindex"', [values(3, 2), values(1, low=0)]), match="no gradient for its bottom")


FILTER = 'layer { name: "layer" type: "Filter" bottom: "y" bottom: "selector" top: "top" loss_weight: 1 }'


@examples(20)
@given(shape=SHAPES, seed=SEEDS, tail=st.integers(0, 2), data=st.data())
def test_filter(judge, shape, seed, tail, data):
    chosen = data.draw(st.lists(st.sampled_from([0, 1, -0.5]), min_size=shape[0], max_size=shape[0]).filter(any))
    selector = np.array(chosen, np.float32).reshape((-1,) + (1,) * tail)
    judge(through(FILTER, values(*shape, seed=seed), selector, names=("x", "selector")))


def test_filter_of_several_bottoms_in_several_passes(judge):
    first, second = values(4, 3), values(4, 2, 2)
    selectors = [np.array(rows, np.float32) for rows in ([1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 2, 0])]
    judge(Case('type: "Filter"', [first, second, selectors[0]], tops=2, backward=False,
               then=[[first, second, selector] for selector in selectors[1:]]))


def test_filter_feeds_layers_of_changing_size(judge):
    net = FILTER.replace(" loss_weight: 1", "") + """
        layer { name: "ip" type: "InnerProduct" bottom: "top" top: "ip" inner_product_param { num_output: 2 } }
        layer { name: "loss" type: "Reduction" bottom: "ip" top: "loss" loss_weight: 1
                reduction_param { operation: SUMSQ } }"""
    x, selectors = values(4, 3), [np.array(rows, np.float32) for rows in ([1, 0, 1, 1], [0, 1, 0, 0])]
    judge(through(net, x, selectors[0], names=("x", "selector"), then=[{"x": x, "selector": selectors[1]}]))


def test_filter_refuses_a_wrong_number_of_tops(judge):
    judge.refused(Case('type: "Filter"', [values(3, 2), values(3)], tops=2), match="one top less")


def test_filter_refuses_selectors_of_other_shapes(judge):
    judge.refused(Case('type: "Filter"', [values(3, 2), values(3, 2)]), match="must be 1")
    judge.refused(Case('type: "Filter"', [values(3, 2), values(2)]), match="as many rows")
    judge.refused(Case('type: "Filter"', [values(), values()]), match="must have one axis or more")


def test_filter_has_no_gradient_for_the_selector(judge):
    judge.refused(Case('type: "Filter"', [values(3, 2), np.ones(3, np.float32)]), match="no gradient for its bottom")


@examples(20)
@given(shape=SHAPES, rows=st.integers(1, 6), outputs=st.integers(1, 5), bias=st.sampled_from(["true", "false"]),
       seed=SEEDS)
def test_embed(judge, shape, rows, outputs, bias, seed):
    text = (f'layer {{ name: "layer" type: "Embed" bottom: "numbers" top: "top" loss_weight: 1 '
            f'embed_param {{ input_dim: {rows} num_output: {outputs} bias_term: {bias} }} }}')
    judge(Case(text, {"numbers": whole_numbers(*shape, below=rows, seed=seed)}, force_backward=False))


def test_embed_fillers(judge):
    fillers = 'weight_filler { type: "xavier" } bias_filler { type: "uniform" }'
    judge(Case(f'type: "Embed" embed_param {{ input_dim: 4 num_output: 3 {fillers} }}', [whole_numbers(5, below=4)],
               params="filled", backward=False))


@pytest.mark.parametrize("options", ["input_dim: 3", "num_output: 3", "input_dim: 0 num_output: 3"])
def test_embed_refuses_missing_lengths(judge, options):
    judge.refused(Case(f'type: "Embed" embed_param {{ {options} }}', [values(2)]), match="is 0; it must be at least 1")


def test_embed_has_no_gradient_for_its_bottom(judge):
    judge.refused(Case('type: "Embed" embed_param { input_dim: 3 num_output: 2 }', [whole_numbers(2, below=3)]),
                  match="no gradient for its bottom")


def test_embed_refuses_rows_there_are_not():
    """Caffe reads whatever lies there in memory."""
    with pytest.raises(InputError, match="row number 3; it has rows 0 to 2"):
        run_embedded(Case('type: "Embed" embed_param { input_dim: 3 num_output: 2 }', [np.array([0, 3])],
                          backward=False))


GOLDEN = {
    "BatchReindex": through(REINDEX, values(3, 2), np.array([2, 0, 2, 2], np.float32)),
    "Filter": through(FILTER, values(4, 2), np.array([1, 0, 2, 0], np.float32), names=("x", "selector")),
    "Embed": Case('type: "Embed" embed_param { input_dim: 4 num_output: 3 }', [whole_numbers(5, below=4)],
                  backward=False),
}
