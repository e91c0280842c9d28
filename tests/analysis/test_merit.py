"""Figures of merit of codes, against what they are by definition."""

import sys

import numpy as np
import pytest

from cae_caffe import InputError
from cae_caffe.analysis import merit


def codes(rows, seed, spread=1.0):
    """Overlapping clouds of three classes in four dimensions, float32, and their labels."""
    random = np.random.RandomState(seed)
    labels = random.randint(0, 3, rows)
    centres = 3 * np.eye(3, 4)
    return (centres[labels] + random.normal(0, spread, (rows, 4))).astype(np.float32), labels.astype(np.float32)


def test_knn_is_the_vote_of_five_neighbours():
    (train, train_labels), (test, test_labels) = codes(300, 1), codes(90, 2)
    distances = np.linalg.norm(test[:, None].astype(np.float64) - train[None], axis=2)
    nearest = train_labels[np.argsort(distances, axis=1)[:, :5]]
    votes = (nearest[:, :, None] == [0, 1, 2]).sum(axis=1).argmax(axis=1)
    found = merit.knn_accuracy(train, train_labels, test, test_labels)
    assert found == (votes == test_labels).mean() and 0.7 < found < 1


def test_a_linear_classifier_parts_what_a_plane_parts_and_nothing_else():
    train, labels = codes(300, 1, spread=0.2)
    assert merit.linear_accuracy(train, labels, *codes(90, 2, spread=0.2)) == 1
    corners = np.random.RandomState(3).uniform(-1, 1, (400, 2)).astype(np.float32)
    crossed = (corners[:, 0] > 0) ^ (corners[:, 1] > 0)
    assert merit.linear_accuracy(corners, crossed, corners, crossed) < 0.7
    assert merit.knn_accuracy(corners, crossed, corners, crossed) > 0.9


def test_a_linear_classifier_does_not_mind_a_codes_unit_or_a_dead_neuron():
    (train, train_labels), (test, test_labels) = codes(300, 1), codes(90, 2)
    plain = merit.linear_accuracy(train, train_labels, test, test_labels)
    train[:, 3] = test[:, 3] = 7
    dead = merit.linear_accuracy(train, train_labels, test, test_labels)
    unit = np.float32([1e-3, 1, 1e4, 1])
    assert merit.linear_accuracy(train * unit, train_labels, test * unit, test_labels) == pytest.approx(dead, abs=0.012)
    assert plain > 0.8 and dead > 0.8


def test_a_faithful_picture_is_trusted_and_a_random_one_is_not():
    random = np.random.RandomState(4)
    points = random.normal(size=(200, 2)).astype(np.float32)
    images = (points @ random.normal(size=(2, 36))).reshape(200, 1, 6, 6)
    round_images = (points @ np.eye(2, 36)).reshape(200, 1, 6, 6)
    assert merit.trustworthiness(round_images, points) == 1
    assert merit.trustworthiness(images, points) > 0.9
    assert merit.trustworthiness(round_images, random.normal(size=(200, 2))) < 0.6


def test_silhouette_by_hand():
    # a: mean distance to the own class; b: to the other; (b - a) / max(a, b), averaged.
    found = merit.silhouette(np.float32([[0], [1], [5], [7]]), np.float32([0, 0, 1, 1]))
    assert found == pytest.approx(np.mean([(6 - 1) / 6, (5 - 1) / 5, (4.5 - 2) / 4.5, (6.5 - 2) / 6.5]))


def test_a_sample_is_fixed_in_order_and_of_different_rows():
    chosen = merit.sample(100, 10)
    assert chosen.tolist() == sorted(set(chosen.tolist())) and len(chosen) == 10
    np.testing.assert_array_equal(chosen, merit.sample(100, 10))
    np.testing.assert_array_equal(merit.sample(5, 10), range(5))


def test_without_scikit_learn_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(InputError, match=r"pip install 'cae-caffe\[figures\]'"):
        merit.silhouette(np.zeros((4, 2)), np.zeros(4))
