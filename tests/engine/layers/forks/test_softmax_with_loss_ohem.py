"""R-FCN's SoftmaxWithLossOHEM."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from fork_references.ohem import softmax_with_loss_ohem, softmax_with_loss_ohem_backward
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

MODES = ["FULL", "VALID", "BATCH_SIZE", "NONE", "PRE_FIXED"]


def case(shape, options="", tops=3):
    labels = whole_numbers(shape[0], 1, *shape[2:], below=shape[1])
    return Case(f'type: "SoftmaxWithLossOHEM" loss_param {{ {options} }}', [values(*shape, low=-3, high=3), labels],
                tops)


@examples(30)
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4), mode=st.sampled_from(MODES),
       ignore_label=st.sampled_from([None, 0]), tops=st.integers(1, 3))
def test_the_loss_and_its_parts(shape, mode, ignore_label, tops):
    ignored = "" if ignore_label is None else f"ignore_label: {ignore_label}"
    wanted = case(shape, f"normalization: {mode} pre_fixed_normalizer: 3 {ignored}", tops)
    found, = run_embedded(wanted)

    scores, labels = (bottom.astype(np.float64) for bottom in wanted.bottoms)
    options = {"ignore_label": ignore_label, "normalization": mode, "pre_fixed_normalizer": 3}
    wanted_tops = softmax_with_loss_ohem(scores, labels, **options)
    for i in range(tops):
        np.testing.assert_allclose(found[f"top{i}.data"], wanted_tops[i], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["bottom0.diff"], softmax_with_loss_ohem_backward(1, scores, labels, **options),
                               rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", ["", "normalization: FULL ignore_label: 1", "normalize: false"])
def test_but_for_the_parts_it_is_caffes_own_loss(judge, options):
    """Real Caffe does not know the type, but the loss is that of its SoftmaxWithLoss."""
    ohem = case((3, 4, 2), options, tops=1)
    plain = dataclasses.replace(ohem, text=ohem.text.replace("OHEM", ""))
    judge(plain)

    found, as_before = run_embedded(ohem)[0], run_embedded(plain)[0]
    for name in as_before:
        np.testing.assert_array_equal(found[name], as_before[name])


def test_as_many_labels_as_places_are_wanted():
    with pytest.raises(InputError, match="there must be 3 labels"):
        run_embedded(Case('type: "SoftmaxWithLossOHEM"', [values(3, 4), whole_numbers(3, 2, below=4)]))
