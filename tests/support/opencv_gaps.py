"""Which layers OpenCV 5 does not compute from their exact form in ONNX, and why.

`python opencv_gaps.py` prints the table of docs/how-to/opencv-4-to-5.md, which a test holds against it. `reason_for`
looks at the layers of a net, with their settings and shapes, so that every judge leaves out the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cae_caffe.export.onnx.layers.pooling import may_see_nothing
from cae_caffe.graph import Node


@dataclass(frozen=True)
class Gap:
    """Layers for which `holds`, given the engine's layer and its node with the blobs' shapes, are not OpenCV's."""

    option: str             # as a user knows it
    reason: str
    holds: Callable[..., bool]


IMAGES = 4          # axes
MOST_SPATIAL = 3    # axes of a Conv
MOST_PADDED = 5     # axes of a Pad


def _always(layer, node: Node) -> bool:
    return True


def _is_mask(layer, node: Node) -> bool:
    return len(node.outputs) > 1


def _reads_beyond(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Whether an image of one row, but not of a single pixel, is interpolated."""
    return old[0] == 1 < old[1] and any(wanted not in (length, 1) for length, wanted in zip(old, new))


def _resample_reads_beyond(layer, node: Node) -> bool:
    old, new = node.inputs[0].shape[2:], node.outputs[0].shape[2:]
    return layer.kind == "LINEAR" and not layer.antialias and old != new and old[0] == 1 < old[1]


def _steps_back(layer, node: Node) -> bool:
    """Whether a pixel's number times the rounded inverse of the scale is of the pixel before."""
    if layer.has_mask:
        return False
    firsts = ((np.arange(length, dtype=np.float32), np.float32(scale))
              for length, scale in zip(node.inputs[0].shape[2:], layer.scales))
    return any((numbers * scale * (1 / scale) < numbers).any() for numbers, scale in firsts)


LOOP = "its Loop does not run"
LEAST_SCORE = "its NonMaxSuppression takes no score below 0 as the least"
ONE_ROW = "its linear Resize reads beyond such an image"
CONVOLUTION = Gap("more than three spatial axes", "its Conv and ConvTranspose have at most three",
                  lambda layer, node: layer.spatial_axes > MOST_SPATIAL)
YOLO = Gap("`confidence_threshold` below 0", LEAST_SCORE, lambda layer, node: layer.options.confidence_threshold < 0)

GAPS: dict[str, list[Gap]] = {
    "Accum": [
        Gap("a bottom of one row", ONE_ROW,
            lambda layer, node: any(_reads_beyond(value.shape[2:], node.outputs[0].shape[2:])
                                    for value in node.inputs)),
    ],
    "Convolution": [CONVOLUTION],
    "Deconvolution": [CONVOLUTION],
    "DepthwiseConvolution": [CONVOLUTION],
    "ConnectedComponent": [Gap("all", "it has no Loop", _always)],
    "DetectionOutput": [
        Gap("`eta` below 1", LOOP, lambda layer, node: node.message.detection_output_param.nms_param.eta < 1),
        Gap("`code_type` CORNER or CORNER_SIZE, for which boxes may be inside out",
            "its NonMaxSuppression takes all boxes without area for one",
            lambda layer, node: layer.code.kind != "CENTER_SIZE"),
        Gap("no `confidence_threshold`, or one below 0", LEAST_SCORE, lambda layer, node: layer.least_score < 0),
    ],
    "Im2col": [
        Gap("`pad`, with more than five axes", "its Pad takes at most five",
            lambda layer, node: any(layer.pad) and len(node.inputs[0].shape) > MOST_PADDED),
    ],
    "Interp": [
        Gap("one row", ONE_ROW, lambda layer, node: _reads_beyond(layer.kept, layer.size)),
    ],
    "MultiStageMeanfield": [Gap("all", "it has no Unique, by which the colours of an image are found", _always)],
    "Pooling": [
        Gap("a second top, of volumes", "its MaxPool gives Indices for images of four axes only",
            lambda layer, node: _is_mask(layer, node) and len(node.inputs[0].shape) > IMAGES),
        Gap("a second top, with windows that see nothing of the image",
            "its MaxPool with Indices gives 0 for a window of lowest values",
            lambda layer, node: _is_mask(layer, node) and may_see_nothing(layer.windows(node.inputs[0].shape))),
    ],
    "Proposal": [Gap("all", LOOP, _always)],
    "Resample": [Gap("LINEAR, of one row, without antialias", ONE_ROW, _resample_reads_beyond)],
    "ROIPooling": [Gap("all", "it has no MaxRoiPool", _always)],
    "Upsample": [
        Gap("a `scale` of 41, 47, 55, 61 and others beyond",
            "its Resize multiplies by the rounded inverse of the scale", _steps_back),
    ],
    "YoloDetectionOutput": [YOLO],
    "Yolov3DetectionOutput": [YOLO],
}


NO_VALUES = "a tensor without values has no axes there"


def reason_for(deployed, outputs) -> str | None:
    """Why OpenCV 5 cannot judge a deploy form and its outputs' values, by name; None if it can."""
    if any(array.size == 0 for array in outputs.values()):
        return NO_VALUES
    for node in deployed.graph.nodes:
        for gap in GAPS.get(node.type, ()):
            if gap.holds(deployed.layer(node), node):
                return f"{node.type}, {gap.option}: {gap.reason}"
    return None


def table() -> str:
    """The list as the documents have it."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, gaps in sorted(GAPS.items()):
        for gap in gaps:
            rows.setdefault((gap.option, gap.reason), []).append(f"`{name}`")
    lines = [f"| {', '.join(names)} | {option} | {reason} |" for (option, reason), names in rows.items()]
    return "\n".join(["| layer | with | why |", "|---|---|---|", *lines])


if __name__ == "__main__":
    print(table())
