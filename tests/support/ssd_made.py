"""Made predictions, priors and ground truths for the layers of SSD."""

from __future__ import annotations

import numpy as np

SUPPRESSION = ("nms_threshold", "top_k", "eta")


def boxes(number: int, random: np.random.RandomState) -> np.ndarray:
    """Boxes (number, 4), most of them inside the image, that often overlap."""
    center, half = random.uniform(0.2, 0.8, (number, 2)), random.uniform(0.08, 0.35, (number, 2))
    return np.concatenate([center - half, center + half], 1).astype(np.float32)


def bottoms(images: int, priors: int, classes: int, seed: int, *, share: bool = True, truths: int = 2):
    """Codes, scores, priors, and `truths` ground truths an image with labels from 1, as MultiBoxLoss takes them."""
    random = np.random.RandomState(seed)
    places = boxes(priors, random)
    variances = random.uniform(0.1, 0.3, (priors, 4))
    loc = random.uniform(-1, 1, (images, priors * 4 * (1 if share else classes)))
    conf = random.permutation(np.linspace(-1, 1, images * priors * classes)).reshape(images, -1)
    rows = [[image, random.randint(1, classes), 0, *places[random.randint(priors)] + random.uniform(-0.03, 0.03, 4), 0]
            for image in range(images) for _ in range(truths)]
    return [np.float32(array) for array in (loc, conf, np.stack([places, variances]).reshape(1, 2, -1),
                                            np.reshape(rows, (1, 1, -1, 8)))]


def text(options) -> str:
    """Options of DetectionOutput or MultiBoxLoss as prototxt."""
    fields, suppression = [], []
    for name, value in options.items():
        shown = str(value).lower() if isinstance(value, bool) else value
        (suppression if name in SUPPRESSION else fields).append(f"{name}: {shown}")
    return " ".join(fields) + (f" nms_param {{ {' '.join(suppression)} }}" if suppression else "")
