"""Separation of classes on a picture, against a count by hand and one written the slow way."""

import numpy as np
import pytest

from cae_caffe import InputError
from cae_caffe.analysis.separation import NEIGHBOURS, separation


def clouds(centres, points=40, seed=0):
    """Round clouds of standard deviation 1 around `centres`, a class each."""
    random = np.random.RandomState(seed)
    places = np.repeat(np.array(centres, float), points, axis=0) + random.normal(size=(len(centres) * points, 2))
    return places, np.repeat(np.arange(len(centres)), points)


def test_a_picture_counted_by_hand():
    # On a line: four of class 3, then one of class 7 in the midst of three more of class 3, then four of class 7.
    points = np.array([[x, 0] for x in (0, 1, 2.1, 3.3, 10, 11, 12.1, 11.5, 20, 21, 22.1, 23.3)])
    labels = np.array([3, 3, 3, 3, 3, 3, 3, 7, 7, 7, 7, 7])
    found = separation(points, labels, neighbours=3)
    assert found.classes == (3, 7)
    # Each of the twelve has a majority around it; the lonely 7 lies in the zone of 3.
    assert found.zones.tolist() == [[7, 0, 0], [1, 4, 0]]
    np.testing.assert_allclose(found.purity, [7 / 8, 4 / 5])
    assert found.separated.tolist() == [True, True] and found.count == 2


def slow(points, labels, k):
    """Purities by the definition, one point after another."""
    zones = []
    for i, point in enumerate(points):
        distances = np.hypot(*(points - point).T)
        distances[i] = np.inf
        around = labels[np.argsort(distances)[:k]]
        zones.append(next((c for c in set(labels) if (around == c).sum() > k / 2), None))
    zones = np.array(zones, object)
    return [((labels == c) & (zones == c)).sum() / ((labels == c) | (zones == c)).sum() for c in sorted(set(labels))]


@pytest.mark.parametrize("k", [3, NEIGHBOURS, 20])
def test_purities_are_those_of_the_definition(k):
    points, labels = clouds([(0, 0), (2, 0), (1, 2), (9, 9)])
    found = separation(points, labels, k)
    np.testing.assert_allclose(found.purity, slow(points, labels, k))
    assert found.zones.sum() == len(points)
    assert 0 < found.purity.min() < 0.9 and found.purity[3] == 1      # the picture is neither clear nor all mixed


def test_clouds_apart_are_separated_and_clouds_on_one_place_are_not():
    assert separation(*clouds([(0, 0), (20, 0), (0, 20)])).separated.tolist() == [True, True, True]
    assert separation(*clouds([(0, 0), (0, 0), (0, 20)])).separated.tolist() == [False, False, True]


def test_a_class_with_many_intruders_is_mixed_though_its_own_points_are_in_its_zone():
    points, labels = clouds([(0, 0)], points=600)
    far, _ = clouds([(50, 50)], points=200, seed=1)
    random = np.random.RandomState(2)
    labels[random.permutation(600)[:180]] = 1
    found = separation(np.concatenate([points, far]), np.concatenate([labels, np.ones(200, int)]))
    own, total = found.zones[0, 0], found.zones[0].sum()
    assert own / total > 0.9 and found.purity[0] < 0.72
    assert found.purity[1] < 0.6


def test_scale_place_and_angle_of_the_picture_do_not_matter():
    points, labels = clouds([(0, 0), (2, 0), (1, 2)])
    turned = 1e4 * points @ np.array([[0.6, -0.8], [0.8, 0.6]]) + [3e5, -7]
    np.testing.assert_array_equal(separation(turned, labels).zones, separation(points, labels).zones)


def test_codes_that_are_all_the_same_separate_nothing_even_in_the_order_of_classes():
    found = separation(np.zeros((500, 2), np.float32), np.repeat(np.arange(10), 50))
    assert found.count == 0 and found.purity.max() < 0.1


def test_points_that_are_not_finite_are_refused():
    points, labels = clouds([(0, 0), (2, 0)])
    points[3, 1] = np.nan
    with pytest.raises(InputError, match="not finite; the training"):
        separation(points, labels)


def test_too_few_points_are_refused():
    with pytest.raises(InputError, match="15 points are too few to look at 15 neighbours"):
        separation(np.zeros((15, 2)), np.zeros(15))
