"""Figures of merit of codes and of pictures made of them, by which nets can be ranked without eyes.

All are scikit-learn's, deterministic, and the better the higher. They see the classes' labels, which training
does not.
"""

from __future__ import annotations

import numpy as np

from .scikit import scikit

NEIGHBOURS = 5              # that vote on a code's class
PICTURE_NEIGHBOURS = 15     # of trustworthiness, as many as `separation` looks at
LINEAR_STEPS = 1000         # at most; tens are enough for codes of 30 numbers
SAMPLE_SEED = 1


def knn_accuracy(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> float:
    """Share of the codes `test` (m, N) whose class most of their NEIGHBOURS nearest codes of `train` (n, N) have."""
    classifier = scikit("neighbors").KNeighborsClassifier(n_neighbors=NEIGHBOURS)
    return float(classifier.fit(train, train_labels).score(test, test_labels))


def linear_accuracy(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> float:
    """Share of the codes `test` (m, N) that a linear classifier trained on `train` (n, N) gets right.

    Multinomial logistic regression on standardised codes, minimised by L-BFGS from zero, so that nothing is random.
    """
    scaler = scikit("preprocessing").StandardScaler().fit(train.astype(np.float64))
    classifier = scikit("linear_model").LogisticRegression(max_iter=LINEAR_STEPS)
    classifier.fit(scaler.transform(train.astype(np.float64)), train_labels)
    return float(classifier.score(scaler.transform(test.astype(np.float64)), test_labels))


def trustworthiness(images: np.ndarray, points: np.ndarray) -> float:
    """How far neighbours on the picture `points` (n, 2) are neighbours among `images` (n, ...) too, from 0 to 1.

    Venna and Kaski's measure (2001), with PICTURE_NEIGHBOURS neighbours. Memory grows as n squared: 2000 points take
    some 150 MB.
    """
    flat = images.reshape(len(images), -1).astype(np.float64)
    return float(scikit("manifold").trustworthiness(flat, points.astype(np.float64), n_neighbors=PICTURE_NEIGHBOURS))


def silhouette(codes: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette (Rousseeuw 1987) of `codes` (n, N) by class, from -1 to 1: 0 where classes overlap.

    Time and memory grow as n squared.
    """
    return float(scikit("metrics").silhouette_score(codes.astype(np.float64), labels))


def sample(count: int, limit: int, seed: int = SAMPLE_SEED) -> np.ndarray:
    """Numbers of a fixed random `limit` of `count` rows in rising order, or of all: as `figure scatter` picks them."""
    # RandomState's permutation is the same in every version of numpy; Generator's need not be.
    return np.sort(np.random.RandomState(seed).permutation(count)[:limit])
