"""Which classes stand apart on a picture in the plane: an objective stand-in for the paper's count by eye.

The paper calls a class correctly classified if "the color of one class is not mixed with the color of another
class(es)" (section 3), and says itself that this is subjective. Here a point lies in the zone of a class if more than
half of its NEIGHBOURS nearest points on the picture, itself left out, are of that class; a point among no majority is
in no zone. The purity of a class is Jaccard's index of its points and its zone,

    purity = |points and zone| / |points or zone|,

so that points of the class that lie elsewhere count against it, and so do points of others that lie in its midst. A
class is separated if its purity is above THRESHOLD, one half: more of its colour stands by itself than is mixed.

Both constants were fixed before any picture was measured, and not by the paper's counts. A majority at both steps is
the only threshold that favours neither answer. NEIGHBOURS is odd, far fewer than the points of a class (some 500 or
1000 of MNIST's), so that a zone follows the cluster's outline, and so many that ten equally frequent classes in full
disorder give a majority by chance once in 3000 times. Nearest neighbours do not change if the picture is scaled,
moved or turned, so codes and t-SNE are measured alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .scikit import scikit

NEIGHBOURS = 15
THRESHOLD = 0.5
SHUFFLE_SEED = 0


@dataclass(frozen=True)
class Separation:
    """How the classes of a picture mix.

    `classes` are the labels' values in rising order. `zones` (classes, classes + 1) counts points: row, their class;
    column, the class in whose zone they lie, the last column being none.
    """

    classes: tuple[float, ...]
    zones: np.ndarray

    @property
    def purity(self) -> np.ndarray:
        """Purity (classes,) from 0 to 1."""
        counts = self.zones[:, :-1]
        both = np.diag(counts)
        return both / (self.zones.sum(axis=1) + counts.sum(axis=0) - both)

    @property
    def separated(self) -> np.ndarray:
        """Whether each class is separated, (classes,) bool."""
        return self.purity > THRESHOLD

    @property
    def count(self) -> int:
        """How many classes are separated; the paper's last column is the sum over three runs, of 30 for ten classes."""
        return int(self.separated.sum())


def separation(points: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS) -> Separation:
    """Measure the picture `points` (n, 2) of images with `labels` (n,); see this module's text for the definition.

    Deterministic: of points at equal distances a fixed random order decides, so that codes that are all the same have
    pure classes in no order of the images. Raises `InputError` where scikit-learn is missing, for points that are not
    finite, and unless there are more points than `neighbours`.
    """
    if len(points) <= neighbours:
        raise InputError(f"{len(points)} points are too few to look at {neighbours} neighbours of each; give more.")
    if not np.isfinite(points).all():
        raise InputError("Some points of the picture are not finite; the training of the net's weights diverged.")
    order = np.random.RandomState(SHUFFLE_SEED).permutation(len(points))
    classes, numbers = np.unique(labels[order], return_inverse=True)
    search = scikit("neighbors").NearestNeighbors(n_neighbors=neighbours, algorithm="kd_tree")
    nearest = search.fit(points[order].astype(np.float64)).kneighbors(return_distance=False)
    return Separation(tuple(classes.tolist()), _zones(numbers, numbers[nearest], len(classes)))


def _zones(numbers, around, count):
    """`Separation.zones` of points with the class numbers (n,), from those of their neighbours, (n, neighbours)."""
    votes = (around[:, :, None] == np.arange(count)).sum(axis=1)
    zone = np.where(votes.max(axis=1) * 2 > around.shape[1], votes.argmax(axis=1), count)
    zones = np.zeros((count, count + 1), np.int64)
    np.add.at(zones, (numbers, zone), 1)
    return zones
