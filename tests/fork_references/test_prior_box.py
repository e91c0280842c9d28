"""fork_references.prior_box by hand, and with the values of SSD's test_prior_box_layer.cpp."""

import numpy as np
import pytest
from fork_references.prior_box import prior_box, ratios

MAP, IMAGE = np.zeros((10, 10, 10, 10)), np.zeros((10, 3, 100, 100))


def test_the_forks_values():
    top = prior_box(MAP, IMAGE, min_size=[4], max_size=[9])
    assert top.shape == (1, 2, 100 * 2 * 4)
    assert top[0, 0, :8] == pytest.approx([0.03, 0.03, 0.07, 0.07, 0.02, 0.02, 0.08, 0.08])
    at = 4 * 10 * 2 * 4 + 4 * 2 * 4
    assert top[0, 0, at:at + 4] == pytest.approx([0.43, 0.43, 0.47, 0.47])
    assert (top[0, 1] == 0.1).all()
    long, wide = 0.02 * 2 ** 0.5, 0.01 * 2 ** 0.5
    top = prior_box(MAP, IMAGE, min_size=[4], max_size=[9], aspect_ratio=[2.0], variance=[0.1, 0.2, 0.3, 0.4])
    assert top.shape == (1, 2, 100 * 4 * 4)
    assert top[0, 0, 8:16] == pytest.approx([0.05 - long, 0.05 - wide, 0.05 + long, 0.05 + wide,
                                             0.05 - wide, 0.05 - long, 0.05 + wide, 0.05 + long])
    assert top[0, 1, :8].tolist() == [0.1, 0.2, 0.3, 0.4] * 2


@pytest.mark.parametrize("options, priors", [
    ({"aspect_ratio": [1.0, 2.0], "flip": False}, 3), ({"aspect_ratio": [2.0, 3.0], "flip": False}, 4),
    ({"aspect_ratio": [2.0, 3.0]}, 6), ({"aspect_ratio": [2.0, 0.5]}, 4), ({"max_size": []}, 1),
    ({"min_size": [4, 14], "max_size": [9, 19], "aspect_ratio": [2.0, 3.0]}, 12)])
def test_numbers_of_priors(options, priors):
    assert prior_box(MAP, IMAGE, **{"min_size": [4], "max_size": [9], **options}).shape[2] == 100 * priors * 4


def test_steps_sizes_and_clipping():
    # A map of 1 x 2, steps 8 and 4, an image of 20 x 10: centres (2, 4) and (6, 4), boxes of 5.
    top = prior_box(np.zeros((1, 1, 1, 2)), IMAGE, min_size=[5.9], img_h=20, img_w=10, step_h=8.0, step_w=4.0,
                    clip=True)
    assert top[0, 0] == pytest.approx([0, 0.075, 0.45, 0.325, 0.35, 0.075, 0.85, 0.325])
    assert ratios([2.0, 2.0000005, 1.0], flip=True) == [1.0, 2.0, 0.5]
    assert prior_box(np.zeros((1, 1, 1, 1)), IMAGE, min_size=[10], offset=0.0)[0, 0].tolist() == [
        -0.05, -0.05, 0.05, 0.05]
