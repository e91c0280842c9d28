"""DeepSkeleton's SoftmaxWithLoss against its sum in NumPy, and the nets that mean it by the plain name."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values, whole_numbers
from fork_judge import hold
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.schema import format_text, parse_net

DATA = 'layer { name: "d" type: "ImageLabelmapData" top: "image" top: "label" image_data_param { source: "l.txt" } }\n'
LOSS = 'layer { name: "%s" type: "SoftmaxWithLoss" bottom: "image" bottom: "%s" top: "%s" }\n'


def balanced(scores, labels, ignored, per_label):
    """Loops over pixels, as the fork's forward pass."""
    classes = scores.shape[1]
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    chances = shifted / shifted.sum(1, keepdims=True)
    sums, counts = [0.0, 0.0], [0, 0]
    for n, y, x in np.ndindex(labels.shape):
        label = int(labels[n, y, x])
        label = label if label < classes else 0
        if label != ignored:
            sums[label != 0] -= np.log(chances[n, label, y, x])
            counts[label != 0] += 1
    total = max(sum(counts), 1)
    loss = (sums[1] * counts[0] + sums[0] * counts[1]) / total
    return [np.array(loss / (total if per_label else len(labels)))]


@examples(25)
@given(shape=st.tuples(st.integers(1, 3), st.integers(2, 5), st.integers(1, 4), st.integers(1, 4)),
       most=st.integers(1, 7), ignored=st.sampled_from([None, 0, 1]), per_label=st.booleans(), seed=st.integers(0, 99))
def test_the_loss_and_its_gradient(shape, most, ignored, per_label, seed):
    labels = whole_numbers(shape[0], *shape[2:], below=most, seed=seed)
    options = f"normalization: {'VALID' if per_label else 'BATCH_SIZE'}"
    if ignored is not None:
        options += f" ignore_label: {ignored}"

    hold(Case(f'type: "ClassBalancedSoftmaxWithLoss" loss_param {{ {options} }}',
              [values(*shape, low=-2, high=2, seed=seed), labels]),
         lambda bottoms, params: balanced(*bottoms, ignored, per_label), gradients=[0])


@pytest.mark.parametrize(("text", "types"), [
    (DATA + LOSS % ("a", "label", "a") + LOSS % ("b", "label", "b"), ["ClassBalancedSoftmaxWithLoss"] * 2),
    (DATA + LOSS % ("a", "image", "a"), ["SoftmaxWithLoss"]),
    (DATA.replace("ImageLabelmapData", "ImageData") + LOSS % ("a", "label", "a"), ["SoftmaxWithLoss"]),
])
def test_the_data_layer_tells_whose_loss_it_is(text, types):
    net = parse_net(text)
    assert [layer.type for layer in net.layer[1:]] == types
    assert format_text(parse_net(format_text(net))) == format_text(net)
