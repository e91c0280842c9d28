"""DetectionOutput: SSD's predictions as boxes, of which those that overlap better ones are left out."""

from __future__ import annotations

import numpy as np
import torch

from ....errors import InputError
from ... import log
from ...layer import Layer, between
from ...traits import Traits
from ..data_source import DataSource, Place
from ..registry import register
from .boxes import Code, suppress_fast
from .detection_files import DetectionFiles
from .detection_rows import (
    DETECTION_WIDTH,
    on_host,
    prior_count,
    priors_of,
    require_classes,
    require_predictions,
)

NO_ROWS = np.empty((0, DETECTION_WIDTH), np.float32)


@register("DetectionOutput")
class DetectionOutput(DataSource, Layer):
    """Bottoms: codes of boxes (N, P 4) or, without `share_location`, (N, P classes 4); scores (N, P classes), as a
    Softmax gives them; PriorBox's top of P priors.

    For each image and class but the background, the boxes with scores above `confidence_threshold` are decoded and
    suppressed (boxes.suppress_fast); then of all classes the `keep_top_k` best stay. The top (1, 1, boxes, 7) has a row
    for each, by image, then class, then score: image, class, score, xmin, ymin, xmax, ymax, as parts of the image. If
    there is none at all, it has a row for each image: its number, and -1 six times
    (src/caffe/layers/detection_output_layer.cpp). The top's shape changes from pass to pass.

    With `save_output_param` it also writes files, whole or not at all (detection_files.DetectionFiles); where that
    names no `output_directory`, its other files are not read.
    """

    bottoms = between(3, 4)     # the fourth, images to draw into, serves `visualize` alone
    traits = Traits(capturable=False)

    @classmethod
    def unsupported(cls, param):
        if param.detection_output_param.visualize:
            return ["`visualize: true` opens a window, and there is none here; leave it out, and draw the top's boxes"]
        return []

    def setup(self, bottom, top):
        param = self.param.detection_output_param
        self.classes = require_classes(param)
        self.code = Code(param.code_type, param.variance_encoded_in_target)
        suppression = param.nms_param
        if suppression.nms_threshold < 0 or not 0 < suppression.eta <= 1:
            raise InputError(f"its `nms_param` has an `nms_threshold` of {suppression.nms_threshold:g} and an `eta` of "
                             f"{suppression.eta:g}; the first must be at least 0, and the second above 0 and at most "
                             "1.")
        self.top_k = suppression.top_k if suppression.has("top_k") else -1
        labels = (label for label in range(self.classes) if label != param.background_label_id)
        self.files = DetectionFiles.of(param.save_output_param, labels, self.where)
        has_least = param.has("confidence_threshold")
        self.least_score = param.confidence_threshold if has_least else float(np.finfo(np.float32).min)

    def shapes(self, bottom_shapes):
        loc, conf, priors = bottom_shapes[:3]
        param, count = self.param.detection_output_param, prior_count(priors)
        require_predictions(loc, count * 4 * (1 if param.share_location else self.classes), "locations")
        require_predictions(conf, count * self.classes, "scores")
        if loc[0] != conf[0]:
            raise InputError(f"its locations are of {loc[0]} images and its scores of {conf[0]}; they must be of the "
                             "same.")
        return [(1, 1, 1, DETECTION_WIDTH)]     # how many there are is known when they are found

    def forward(self, bottom, top):
        found = self._detect(*bottom[:3])
        if self.files is not None:
            for its in found:
                self.files.add(its[:, 1:])
        rows = np.concatenate([NO_ROWS, *found])
        if not len(rows):
            log.info("detection_output_layer.cpp:284", "Couldn't find any detections")
            rows = np.full((bottom[0].shape[0], DETECTION_WIDTH), -1, np.float32)
            rows[:, 0] = np.arange(len(rows))
        top[0].reshape((1, 1, *rows.shape))
        top[0].data.copy_(torch.from_numpy(rows).view(top[0].shape))

    def _detect(self, loc, conf, prior_blob) -> list[np.ndarray]:
        """The detections of each image as rows of the top."""
        priors, variances = priors_of(prior_blob)
        images = loc.shape[0]
        codes = on_host(loc).reshape(images, len(priors), 1 if self.param.detection_output_param.share_location
                                     else self.classes, 4)
        boxes = self.code.decode(priors[:, None], variances[:, None], codes)
        scores = on_host(conf).reshape(images, len(priors), self.classes)
        return [self._of_image(image, boxes[image], scores[image]) for image in range(images)]

    def _of_image(self, image: int, boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """The rows of an image's detections; boxes (P, 1 or classes, 4) and scores (P, classes)."""
        param = self.param.detection_output_param
        found = []
        for label in range(self.classes):
            if label != param.background_label_id:
                of_class = boxes[:, 0 if param.share_location else label]
                kept = suppress_fast(of_class, scores[:, label], self.least_score, param.nms_param.nms_threshold,
                                     param.nms_param.eta, self.top_k)
                head = np.broadcast_to(np.array([image, label], np.float32), (len(kept), 2))
                found.append(np.concatenate([head, scores[kept, label, None], of_class[kept]], 1))
        rows = np.concatenate([NO_ROWS, *found])
        if -1 < param.keep_top_k < len(rows):
            rows = rows[np.argsort(-rows[:, 2], kind="stable")[:param.keep_top_k]]
            rows = rows[np.argsort(rows[:, 1], kind="stable")]
        return rows

    def place(self) -> Place:
        return {"seen": np.array(0)} if self.files is None else self.files.place()

    def go_to(self, place: Place) -> None:
        if self.files is not None:
            self.files.go_to(place)

    def allows_forced_backward(self, bottom_index):
        return False

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(len(bottom)))
