"""DetectionEvaluate: which of DetectionOutput's boxes are right."""

from __future__ import annotations

import numpy as np
import torch

from ....errors import InputError
from ...layer import Layer, exactly
from ...traits import Traits
from ..data_source import DataSource, Place, number
from ..registry import register
from . import boxes, image_sizes
from .detection_rows import (
    DETECTION_WIDTH,
    PADDING,
    TRUTH_WIDTH,
    GroundTruths,
    background,
    on_host,
    require_classes,
    require_rows,
)
from .image_sizes import Image

VERDICT_WIDTH = 5       # image, label, score, 1 if right, 1 if wrong


@register("DetectionEvaluate")
class DetectionEvaluate(DataSource, Layer):
    """Bottoms: DetectionOutput's top, and ground truths as of MultiBoxLoss, which end at the first row of padding.

    The top (1, 1, rows, 5) has first, for each class but the background, -1, class, number of ground truths, -1, -1;
    then for each detection, by image, then class, then score: image, class, score, 1 if it is right, 1 if it is wrong.
    It is right if the ground truth of its class that it overlaps most, by `overlap_threshold` at least, has no better
    detection. Without `evaluate_difficult_gt` difficult ones are not counted, and detections of them neither right nor
    wrong. With a `name_size_file` boxes are compared in pixels of the image before `resize_param` was done to it
    (src/caffe/layers/detection_evaluate_layer.cpp). A solver of `eval_type: "detection"` makes average precisions of
    it. The top's shape changes from pass to pass.

    As the fork means it, and does not do: images without a detection have their line in `name_size_file`, too; boxes of
    pixels that do not touch overlap by nothing; and their last pixels belong to them after any resizing.
    """

    bottoms = exactly(2)
    traits = Traits(capturable=False)

    def setup(self, bottom, top):
        param = self.param.detection_evaluate_param
        self.classes = require_classes(param)
        self.background = background(param)
        if not param.overlap_threshold > 0:
            raise InputError(f"its `overlap_threshold` is {param.overlap_threshold:g}; give one above 0.")
        self.sizes = image_sizes.read(param.name_size_file) if param.has("name_size_file") else []
        self.resize = param.resize_param if param.has("resize_param") else None
        image_sizes.check_resize(self.resize)
        self.seen = 0       # images, by which their lines in `name_size_file` are found

    def shapes(self, bottom_shapes):
        detections, truths = bottom_shapes
        require_rows(detections, DETECTION_WIDTH, "detections")
        require_rows(truths, TRUTH_WIDTH, "ground truths")
        labels = self.classes - (0 <= self.background < self.classes)
        return [(1, 1, labels + detections[-2], VERDICT_WIDTH)]

    def forward(self, bottom, top):
        found = on_host(bottom[0]).reshape(-1, DETECTION_WIDTH)
        given = on_host(bottom[1]).reshape(-1, TRUTH_WIDTH)
        if not np.isfinite(found[:, :2]).all():
            raise InputError("a detection has an image or a label that is no finite number; correct what its rows come "
                             "from.")
        ends = np.flatnonzero(np.trunc(given[:, 0]) == PADDING)
        truths = GroundTruths.of(given[:ends[0]] if len(ends) else given, self.background, with_difficult=True)
        images, labels = np.trunc(found[:, :2]).astype(np.int64).T
        self._check(labels[(images != PADDING) & (labels != PADDING)], truths.labels)
        rows = self._counts(truths)
        for image in np.unique(images[images != PADDING]).tolist():
            for label in np.unique(labels[images == image]).tolist():
                if label != PADDING:
                    mine = (images == image) & (labels == label)
                    rows.append(self._judged(image, label, found[mine], truths))
        if self.sizes:
            batch = 1 + max([PADDING, *images.tolist(), *truths.images.tolist()])
            self.seen = (self.seen + batch) % len(self.sizes)
        verdicts = np.concatenate(rows)
        top[0].reshape((1, 1, *verdicts.shape))
        top[0].data.copy_(torch.from_numpy(verdicts).view(top[0].shape))

    def _check(self, *labels: np.ndarray) -> None:
        for what, numbers in zip(("detection", "ground truth"), labels):
            for label in numbers[(numbers < 0) | (numbers >= self.classes) | (numbers == self.background)][:1]:
                raise InputError(f"a {what} has the label {label}; the classes are 0 to {self.classes - 1}, and the "
                                 f"background is {self.background}. Correct the data, `num_classes`, or "
                                 "`background_label_id`.")

    def _counts(self, truths: GroundTruths) -> list[np.ndarray]:
        """The rows that say how many ground truths each class has."""
        counted = truths.labels
        if not self.param.detection_evaluate_param.evaluate_difficult_gt:
            counted = counted[~truths.difficult]
        labels = [label for label in range(self.classes) if label != self.background]
        return [np.array([[-1, label, (counted == label).sum(), -1, -1] for label in labels],
                         np.float32).reshape(-1, VERDICT_WIDTH)]

    def _judged(self, image: int, label: int, found: np.ndarray, truths: GroundTruths) -> np.ndarray:
        """The rows of an image's detections of one class."""
        rows = np.zeros((len(found), VERDICT_WIDTH), np.float32)
        rows[:, :2] = image, label
        its = truths.of_image(image)
        numbers = np.flatnonzero(truths.labels[its] == label) + its.start
        if not len(numbers):
            rows[:, 2], rows[:, 4] = found[:, 2], 1
            return rows
        found = found[np.argsort(-found[:, 2], kind="stable")]
        rows[:, 2] = found[:, 2]
        shared = self._overlaps(image, found[:, 3:7], truths.boxes[numbers])
        rows[:, 3:] = self._verdicts(shared, truths.difficult[numbers])
        return rows

    def _overlaps(self, image: int, found: np.ndarray, truths: np.ndarray) -> np.ndarray:
        if not self.sizes:
            return boxes.overlaps(found, truths)
        size: Image = self.sizes[(self.seen + image) % len(self.sizes)]
        found, truths = (boxes.in_pixels(some, size.height, size.width, self.resize) for some in (found, truths))
        return boxes.overlaps(found, truths, pixels=True)

    def _verdicts(self, shared: np.ndarray, difficult: np.ndarray) -> np.ndarray:
        """Whether each detection, best first, is right, and whether wrong, by overlaps (detections, truths)."""
        param = self.param.detection_evaluate_param
        nearest = shared.argmax(1)
        hits = shared.max(1) >= np.float32(param.overlap_threshold)
        ignored = hits & difficult[nearest] & (not param.evaluate_difficult_gt)
        right = np.zeros(len(shared), bool)
        candidates = np.flatnonzero(hits & ~ignored)
        right[candidates[np.unique(nearest[candidates], return_index=True)[1]]] = True
        return np.stack([right, ~right & ~ignored], 1)

    def place(self) -> Place:
        return {"seen": np.array(self.seen)}

    def go_to(self, place: Place) -> None:
        self.seen = number(place, "seen")

    def allows_forced_backward(self, bottom_index):
        return False

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0, 1)
