"""fork_references.softmax_with_loss by hand."""

import numpy as np
import pytest
from fork_references.softmax_with_loss import softmax_with_loss, softmax_with_loss_backward

# Two items of two places; the probabilities of two classes are 1/4 and 3/4 at each place, 1/2 and 1/2 at the last.
SCORES = np.log(np.array([[[1, 1], [3, 3]], [[1, 2], [3, 2.0]]]))
LABELS = np.array([[0, 1], [1, 9]])
HERE = {"ignore_label": 9}
WEIGHTED = {"weight_by_label_freqs": True, "class_weighting": [2.0, 0.5], **HERE}


def test_classes_weigh():
    plain = (np.log(4) + 2 * np.log(4 / 3))
    assert softmax_with_loss(SCORES, LABELS, **HERE) == pytest.approx(plain / 3)
    weighted = 2 * np.log(4) + 0.5 * 2 * np.log(4 / 3)
    assert softmax_with_loss(SCORES, LABELS, **WEIGHTED) == pytest.approx(weighted / 3)
    assert softmax_with_loss(SCORES, LABELS, class_weighting=[2.0, 0.5], **HERE) == pytest.approx(plain / 3)


@pytest.mark.parametrize("normalization, divisor", [
    ("FULL", 4), ("VALID", 3), ("BATCH_SIZE", 2), ("NONE", 1), ("PRE_FIXED", 8)])
def test_normalizers(normalization, divisor):
    options = {"normalization": normalization, "pre_fixed_normalizer": 8.0, **WEIGHTED}
    weighted = 2 * np.log(4) + 0.5 * 2 * np.log(4 / 3)
    assert softmax_with_loss(SCORES, LABELS, **options) == pytest.approx(weighted / divisor)
    diff = softmax_with_loss_backward(divisor, SCORES, LABELS, **options)
    assert diff == pytest.approx(np.array([[[-1.5, 0.125], [1.5, -0.125]], [[0.125, 0], [-0.125, 0]]]))


def test_a_normalizer_is_one_at_least():
    options = {"normalization": "PRE_FIXED", "pre_fixed_normalizer": 0.1}
    assert softmax_with_loss(np.zeros((1, 2)), np.zeros(1), **options) == pytest.approx(np.log(2))
    assert softmax_with_loss(np.zeros((1, 2)), np.full(1, 9), **HERE) == 0
