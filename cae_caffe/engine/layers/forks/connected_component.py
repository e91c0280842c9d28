"""ConnectedComponent: each connected part of an image's labels with a number of its own."""

from __future__ import annotations

import numpy as np
import torch

from ...blob import require_images
from ...layer import Layer
from ...traits import Traits
from ..registry import register


@register("ConnectedComponent")
class ConnectedComponent(Layer):
    """Each part of a channel whose pixels have the same label, not 0, and touch above, below or beside, gets a number,
    in the order in which they begin, row by row: from one above the largest label on. 0 stays 0; labels are truncated
    (naibaf7/caffe's src/caffe/layers/connected_component_layer.cpp, which knows labels up to 255).
    """

    traits = Traits(capturable=False)

    def allows_forced_backward(self, bottom_index):
        return False

    def shapes(self, bottom_shapes):
        require_images(bottom_shapes[0], "ConnectedComponent")
        return bottom_shapes

    def forward(self, bottom, top):
        labels = bottom[0].data.cpu().numpy().astype(np.int64)
        numbered = np.stack([[_numbered(plane) for plane in image] for image in labels]) if len(labels) else labels
        top[0].data.copy_(torch.from_numpy(numbered.astype(np.float32)))

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0)


def _numbered(plane: np.ndarray) -> np.ndarray:
    """The parts of one channel (H, W), numbered."""
    height, width = plane.shape
    roots = np.arange(plane.size)
    places = roots.reshape(plane.shape)
    beside = plane[:, 1:] == plane[:, :-1]
    below = plane[1:] == plane[:-1]
    pairs = np.concatenate([np.stack([places[:, :-1][beside], places[:, 1:][beside]], 1),
                            np.stack([places[:-1][below], places[1:][below]], 1)])
    while True:     # each pixel takes the first place of its neighbours, and then of that place, until none changes
        before = roots.copy()
        least = np.minimum(roots[pairs[:, 0]], roots[pairs[:, 1]])
        np.minimum.at(roots, roots[pairs[:, 0]], least)
        np.minimum.at(roots, roots[pairs[:, 1]], least)
        roots = roots[roots]
        if (roots == before).all():
            break
    first, numbers = np.unique(np.where(plane.ravel() != 0, roots, -1), return_inverse=True)
    begin = max(0, int(plane.max(initial=0))) + 1
    numbers = numbers - (1 if len(first) and first[0] == -1 else 0) + begin
    return np.where(plane != 0, numbers.reshape(height, width), 0)
