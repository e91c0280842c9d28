"""H. Noh's EltwiseAccuracy against Caffe 1.0's Accuracy, with which this engine's agrees."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import schema
from cae_caffe.errors import InputError


def accuracy(kind, bottoms, options):
    field = {"Accuracy": "accuracy_param", "EltwiseAccuracy": "eltwise_accuracy_param"}[kind]
    return Case(f'type: "{kind}" {field} {{ {options} }}', bottoms, backward=False, force_backward=False)


@examples(20)
@given(shape=st.tuples(*[st.integers(1, 4)] * 4), top_k=st.integers(1, 4), ignored=st.sampled_from([None, 0, 255]))
def test_it_is_caffes_accuracy_of_pixels(shape, top_k, ignored):
    options = f"top_k: {min(top_k, shape[1])}" + ("" if ignored is None else f" ignore_label: {ignored}")
    labels = whole_numbers(shape[0], 1, *shape[2:], below=shape[1])
    labels[0, 0, 0, 0] = 0 if ignored is None else ignored

    mine, caffes = (run_embedded(accuracy(kind, [values(*shape), labels], options))[0]["top0.data"]
                    for kind in ("EltwiseAccuracy", "Accuracy"))

    assert mine.shape == (1, 1, 1, 1)
    assert mine.item() == caffes.item()


def test_by_hand():
    scores = np.float32([[[[1, 5, 3]], [[2, 4, 9]]]])

    results, = run_embedded(accuracy("EltwiseAccuracy", [scores, np.float32([[[[1, 1, 255]]]])], "ignore_label: 255"))

    assert results["top0.data"].item() == 0.5


@pytest.mark.parametrize(("options", "label", "match"), [("top_k: 4", 0, "`top_k` is 4"), ("", 3, "label")])
def test_what_is_refused(options, label, match):
    with pytest.raises(InputError, match=match):
        run_embedded(accuracy("EltwiseAccuracy", [values(1, 3, 1, 1), np.full((1, 1, 1, 1), label)], options))


def test_v1_has_it():
    net = schema.parse_net('''input: "x" input_dim: 1 input_dim: 2 input_dim: 1 input_dim: 1
        layers { name: "right" type: ELTWISE_ACCURACY bottom: "x" bottom: "x" top: "right"
                 eltwise_accuracy_param { ignore_label: 255 } }''')

    assert net.layer[-1].type == "EltwiseAccuracy"
    assert net.layer[-1].eltwise_accuracy_param.ignore_label == 255
