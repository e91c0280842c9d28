import sys

import numpy as np
import pytest

from cae_caffe import InputError
from cae_caffe.analysis.tsne import embed, usual_perplexity


def clusters():
    """Two well separated clouds of 40 codes each in five dimensions."""
    codes = np.random.RandomState(3).normal(size=(80, 5)).astype(np.float32)
    codes[40:] += 30
    return codes


def test_clusters_stay_apart():
    points = embed(clusters(), perplexity=10)
    assert points.shape == (80, 2)
    middles = points[:40].mean(0), points[40:].mean(0)
    own = np.linalg.norm(points[:40] - middles[0], axis=1)
    other = np.linalg.norm(points[:40] - middles[1], axis=1)
    assert (own < other).all()


def test_the_same_codes_give_the_same_picture():
    np.testing.assert_array_equal(embed(clusters(), perplexity=10), embed(clusters(), perplexity=10))


@pytest.mark.parametrize("perplexity", [0, 80, 1000])
def test_perplexity_must_be_below_the_number_of_codes(perplexity):
    with pytest.raises(InputError, match=f"--perplexity {perplexity}: it must be above 0 and below 80"):
        embed(clusters(), perplexity)


def test_few_codes_have_a_perplexity_that_they_have_room_for():
    assert (usual_perplexity(90), usual_perplexity(5000), usual_perplexity(30)) == (30, 30, 10)
    np.testing.assert_array_equal(embed(clusters()[::4]), embed(clusters()[::4], perplexity=20 / 3))


def test_without_scikit_learn_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(InputError, match=r"pip install 'cae-caffe\[figures\]'"):
        embed(clusters())
