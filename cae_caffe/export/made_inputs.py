"""Inputs for a net that are made up so that every layer can work with them: the same ones for the same net.

What a layer needs its bottom to be (whole numbers, boxes, the size of an image) is known by the layers that read it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from ..graph import Node, Value
from ..pycaffe.shims import boxes as shims
from ..pycaffe.shims.proposal_layer import ProposalLayer
from .deploy import Deployed

Shape = tuple[int, ...]
Random = np.random.RandomState
# Makes an array of the shape for the bottom of this number of the node; `layer` is the engine's.
Make = Callable[[Random, Shape, Node, Any], np.ndarray]

PIXELS = 256
LAST = -1           # number of a layer's last bottom
MOST_BOX = 0.5      # of a box's sides, of the image's
PASS_ON = {"BatchReindex", "Concat", "Flatten", "Permute", "Reshape", "Slice", "Split", "Tile"}   # values unchanged


def make(deployed: Deployed, pixels: Collection[str] = (), seed: int = 0) -> dict[str, np.ndarray]:
    """An array, float32, for each input of the net, in the shapes that they have now.

    Inputs of the names in `pixels` get whole numbers from 0 to 255, others what the layers that read them need, by
    default numbers from -1 to 1.
    """
    random = Random(seed)
    made = {}
    graph = deployed.graph      # values do not keep it
    for value in graph.inputs:
        if value.name in pixels:
            array = random.randint(0, PIXELS, value.shape)
        else:
            array = _of_readers(deployed, value, random)
        made[value.name] = np.asarray(array, np.float32)
    return made


def _of_readers(deployed: Deployed, value: Value, random: Random) -> np.ndarray:
    for node, number in _readers(value):
        found = _MAKERS.get((node.type, number)) or (
            _MAKERS.get((node.type, LAST)) if number == len(node.inputs) - 1 else None)
        if found is not None:
            return found(random, value.shape, node, deployed.layer(node))
    return random.uniform(-1, 1, value.shape)


def _readers(value: Value) -> Iterator[tuple[Node, int]]:
    """The nodes that read the value, or what only brings it into another shape, with the bottom's number."""
    for node in dict.fromkeys(value.consumers):
        for number, read in enumerate(node.inputs):
            if read is value:
                yield node, number
        if node.type in PASS_ON:
            for top in node.outputs:
                yield from _readers(top)


def _rows_of_embed(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    return random.randint(0, node.param.embed_param.input_dim, shape)


def _continuations(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    """Indicators of a sequence that goes on, 0 where one begins; the first step begins one."""
    going = (random.uniform(0, 1, shape) < 0.8).astype(np.float32)      # most go on
    going[:1] = 0
    return going


def _flags(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    """Ones and zeros, beginning with a one."""
    flags = random.randint(0, 2, shape)
    flags[:1] = 1
    return flags


def _rows_of_first(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    return random.randint(0, max(1, node.inputs[0].shape[0]), shape)


def _places(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    """Places in a plane of the top, each once, as a Pooling layer's mask has them."""
    plane = math.prod(node.outputs[0].shape[2:])
    count = math.prod(shape[2:])
    rows = [np.sort(random.permutation(max(plane, count))[:count]) % max(1, plane) for _ in range(math.prod(shape[:2]))]
    return np.reshape(rows, shape)


def _boxes(random: Random, count: int, width: float, height: float) -> np.ndarray:
    """Boxes (count, 4) of [x1, y1, x2, y2] within an image."""
    corners = random.uniform(0, 1 - MOST_BOX, (count, 2))
    sides = random.uniform(0.1, MOST_BOX, (count, 2))
    return np.concatenate([corners, corners + sides], axis=1) * [width, height, width, height]


def _regions(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    """Regions (R, 5) of [image, x1, y1, x2, y2], in pixels of the image that the first bottom's maps are of."""
    maps = node.inputs[0].shape
    param = node.param.psroi_pooling_param if node.type == "PSROIPooling" else node.param.roi_pooling_param
    count = math.prod(shape) // 5
    boxes = _boxes(random, count, maps[3] / param.spatial_scale, maps[2] / param.spatial_scale)
    images = random.randint(0, max(1, maps[0]), (count, 1))
    return np.concatenate([images, np.floor(boxes)], axis=1).reshape(shape)


def _image_sizes(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    """For each image [rows, columns, scale, ...]: as many pixels as the first bottom's maps come of."""
    maps = node.inputs[0].shape
    images, stride = maps[0], _stride(node, layer)
    rows = np.ones((images, math.prod(shape) // images), np.float32)
    rows[:, :2] = maps[2] * stride, maps[3] * stride
    return rows.reshape(shape)


def _stride(node: Node, layer: Any) -> int:
    """How many pixels lie between the anchors of a layer that proposes regions."""
    if node.type == "Python":
        return shims.number(layer.object.options, "feat_stride")
    return node.param.proposal_param.feat_stride


def _im_info(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    """What py-faster-rcnn's ProposalLayer reads; numbers from -1 to 1 for other Python layers."""
    if isinstance(layer.object, ProposalLayer):
        return _image_sizes(random, shape, node, layer)
    return random.uniform(-1, 1, shape)


def _priors(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    """Prior boxes and their variances (1, 2, 4 P), as PriorBox layers give them."""
    count = shape[2] // 4
    return np.stack([_boxes(random, count, 1, 1).ravel(), np.tile([0.1, 0.1, 0.2, 0.2], count)]).reshape(shape)


def _above_nothing(random: Random, shape: Shape, node: Node, layer: Any) -> np.ndarray:
    return random.uniform(0.1, 1, shape)


_MAKERS: dict[tuple[str, int], Make] = {
    ("Embed", 0): _rows_of_embed,
    ("LSTM", 1): _continuations, ("RNN", 1): _continuations, ("LSTMUnit", 2): _flags,
    ("Filter", LAST): _flags,
    ("BatchReindex", 1): _rows_of_first,
    ("Unpooling", 1): _places, ("Upsample", 1): _places,
    ("ROIPooling", 1): _regions, ("PSROIPooling", 1): _regions,
    ("Proposal", 2): _image_sizes, ("Python", 2): _im_info,
    ("DetectionOutput", 2): _priors,
    ("Log", 0): _above_nothing, ("Power", 0): _above_nothing,
}
