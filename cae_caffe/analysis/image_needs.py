"""What a net's training images ask of it: how many they are, and how many numbers hold most of what is in one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data import HDF5Source
from ..errors import InputError
from ..graph import read_graph

IMAGES = "data"
LOOKED_AT = 10000           # images, the first ones; fewer if they are large
VALUES_LOOKED_AT = 2e7      # at most, 160 MB of them in float64
# What principal components usually have to hold. The paper asks for sizes that can handle the data "from the
# informational point of view" and gives no number; this is ours.
VARIANCE = 0.9


@dataclass(frozen=True)
class ImageNeeds:
    """`images` training images in `source`; of `looked_at` of them, `held` (components,) has the share of variance that
    so many principal components hold, and `mean_entropy` is the cross-entropy of their mean image, in nats per image.

    The latter is None where values are not all from 0 to 1; `held` is None where only the images' number is known.
    """

    images: int
    source: str
    looked_at: int = 0
    held: np.ndarray | None = None
    mean_entropy: float | None = None

    @property
    def components(self) -> int | None:
        """How many principal components hold VARIANCE of the images' variance: fewer numbers cannot, linearly."""
        return None if self.held is None else int(np.searchsorted(self.held, VARIANCE)) + 1


def training_list(net_file) -> str | None:
    """The list of HDF5 files that the prototxt `net_file` trains on, or None if it names none."""
    nodes = read_graph(net_file, "TRAIN", level=None).nodes
    return next((node.param.hdf5_data_param.source for node in nodes if node.type == "HDF5Data"), None)


def image_needs(list_file) -> ImageNeeds:
    """Look at the images of a list of HDF5 files. Raises `InputError` if it cannot be read or has no dataset `data`."""
    with HDF5Source(list_file) as source:
        size = int(np.prod(source.shape(IMAGES)[1:]))
        images = source.rows(IMAGES, 0, max(2, min(LOOKED_AT, int(VALUES_LOOKED_AT / size))))
        flat = images.reshape(len(images), -1).astype(np.float64)
        return ImageNeeds(len(source), str(list_file), len(flat), _held(flat), _mean_entropy(flat))


def known_needs(net_file, list_file=None, images=None) -> ImageNeeds | None:
    """What can be known: from `list_file` if given, else from the list that the net names if it is there.

    `images` says their number where there is neither, and overrules it otherwise. None if nothing is known.
    """
    if images is not None and images < 1:
        raise InputError(f"--images {images}: a net trains on at least 1 image.")
    found = _looked(net_file, list_file)
    if images is None:
        return found
    if found is None:
        return ImageNeeds(images, "--images")
    return ImageNeeds(images, "--images", found.looked_at, found.held, found.mean_entropy)


def _looked(net_file, list_file):
    if list_file is not None:
        return image_needs(list_file)
    try:
        named = training_list(net_file)
        return image_needs(named) if named else None
    except InputError:      # that they cannot be read matters to training, not here
        return None


def _held(flat):
    """Cumulated shares of the variance of the rows, in the order of their principal components."""
    centred = flat - flat.mean(axis=0)
    # The smaller of the two Gram matrices has all eigenvalues that are not zero.
    gram = centred @ centred.T if len(flat) < flat.shape[1] else centred.T @ centred
    variances = np.maximum(np.linalg.eigvalsh(gram)[::-1], 0)
    return np.cumsum(variances) / max(variances.sum(), np.finfo(np.float64).tiny)


def _mean_entropy(flat):
    if flat.min() < 0 or flat.max() > 1:
        return None
    mean = flat.mean(axis=0)
    inside = mean[(mean > 0) & (mean < 1)]
    return float(-(inside * np.log(inside) + (1 - inside) * np.log1p(-inside)).sum())
