"""AnnotatedData: batches of images and the boxes of the objects in them."""

from __future__ import annotations

import numpy as np
import torch

from ....errors import InputError
from ... import annotated_image, datum
from ...annotated_image import AnnotatedImage, Framing, Object
from ...box_sampling import BatchSampler, Jitter
from ...boxes import Box
from ...distortion import Distortion
from ...resize_policy import policies_of
from ...rng import Stream
from ..batches import Batch
from ..data import Data
from ..data_source import found, number
from ..registry import register
from . import yolo_labels

COLUMNS = 8             # of a row of labels
_JITTER = 0.3
_EVERY = 10             # batches, after which one of several `resize_param`s is drawn anew
_ABOUT_ONE = 0.01       # how far the sum of their probabilities may be from 1


@register("AnnotatedData")
class AnnotatedData(Data):
    """Images of a database of AnnotatedDatum messages, and a row of labels for each box in them (SSD's
    src/caffe/layers/annotated_data_layer.cpp).

    Labels are (1, 1, boxes of the batch, 8): the image's number in the batch, the class (`group_label`),
    `instance_id`, xmin, ymin, xmax and ymax as fractions of the image as it is fed, and whether it is difficult; one
    row of -1 if there is no box. Where the first record has no `type`, and `anno_type` is not given, labels are those
    of the Datums, (n,).

    An image is distorted, expanded, cut to one window drawn out of those of all `batch_sampler`s, resized, changed by
    noise, cropped and mirrored, and its boxes with it; those that emit_constraint holds back at one of these steps are
    gone. Images are not encoded as JPEG between the steps, as SSD does. `label_map_file` counts for nothing, as in
    SSD.

    MobileNet-YOLO's Caffe has more: of several `resize_param`s, each with a `prob`, one is drawn for ten batches; with
    `yolo_data_type: 1` labels are (n, 1, 300, 5), the class from 0 on and the middle, width and height of each box of
    an image, then zeros, without those that are difficult if `train_diffcult` is false; and where there is no
    `batch_sampler`, `yolo_data_jitter` cuts up to this part from the sides, 0.3 if labels are so in phase TRAIN.
    """

    size_place = "annotated_data_layer.cpp:61"
    transformations = ("resize_param", "noise_param", "distort_param", "expand_param", "emit_constraint")

    def open(self):
        transform = self.param.transform_param
        self._distortion = Distortion(transform.distort_param) if transform.has("distort_param") else None
        self._framing = Framing(transform, self.transformer.mean_values)
        self._samplers = [BatchSampler(sampler) for sampler in self.param.annotated_data_param.batch_sampler]
        self._jitter = self._made_jitter()
        self._probabilities = self._policies()
        self._drawing = Stream(self.context.stream().word())
        self._batches = 0           # since a policy was drawn
        first, what = self._read()
        has_type = first.HasField("type")
        self._has_boxes = has_type or self.param.annotated_data_param.has("anno_type")
        self._first_boxes = max(len(annotated_image.objects(first)), 1)
        return self.transformer.shape(self.begin(first.datum, what), what)

    def _made_jitter(self) -> Jitter | None:
        param = self.param.annotated_data_param
        if param.yolo_data_type not in (0, 1):
            raise InputError(f"its `yolo_data_type` is {param.yolo_data_type}; give 0 for SSD's labels, 1 for YOLO's.")
        self._is_yolo = param.yolo_data_type == 1
        part = param.yolo_data_jitter if param.has("yolo_data_jitter") else \
            _JITTER if self._is_yolo and self.param.phase == "TRAIN" else 0.0
        return Jitter(part) if part and not self._samplers else None

    def _policies(self) -> np.ndarray:
        """How probable the `resize_param`s are, added up."""
        chances = [policy.prob if policy.has("prob") else 1.0 for policy in policies_of(self.param.transform_param)]
        if any(not policy.keeps_size for policy in self.transformer.policies) and self.batch > 1 \
                and not self.transformer.crops:
            raise InputError(f"its `batch_size` is {self.batch}, and with FIT_SMALL_SIZE each image has a size of its "
                             "own; take a `batch_size` of 1, or crop the images.")
        if len(chances) < 2:
            return np.ones(1)
        probabilities = np.cumsum(chances)
        if min(chances) < 0 or not abs(probabilities[-1] - 1) < _ABOUT_ONE:
            raise InputError(f"its `resize_param`s have the probabilities "
                             f"{', '.join(f'{chance:g}' for chance in chances)}; their sum must be 1.")
        return probabilities

    @staticmethod
    def parse(value, what):
        return annotated_image.parse(value, what)

    def top_shapes(self, shape):
        if self._has_boxes and self._is_yolo:
            return [shape, (shape[0], 1, yolo_labels.MOST, yolo_labels.COLUMNS)]
        return [shape, (1, 1, self._first_boxes, COLUMNS) if self._has_boxes else shape[:1]]

    def is_capturable(self):
        return False        # the number of boxes is another in each batch

    def make_batch(self):
        self._draw_policy()
        found: list[list[Object]] = []
        data = labels = torch.empty(0)
        restarts = 0
        for i in range(self.batch):
            message, what = self._read()
            annotated = self._framed(message, what)
            image = annotated.image.transpose(2, 0, 1)
            if not i:
                data = torch.empty((self.batch, *self.transformer.shape(image, what)), pin_memory=self._pins)
                labels = torch.empty(self.batch)
            placed = self.transformer.transform(image, data[i].numpy(), what)
            if self._has_boxes:
                found.append(self._placed(annotated, placed, data, what))
            elif len(self.param.top) > 1:
                labels[i] = _label(message, what)
            restarts += self.records.advance()
        if self._has_boxes:
            labels = self._table(found)
        return Batch(data, labels, restarts)

    def _table(self, found: list[list[Object]]) -> torch.Tensor:
        """The labels of a batch, by the objects of each image."""
        rows = [(i, one.label, one.instance, *one.box) for i, objects in enumerate(found) for one in objects]
        if self._is_yolo:
            param = self.param.annotated_data_param
            takes_difficult = param.train_diffcult if param.has("train_diffcult") else True
            return yolo_labels.table([row for row in rows if takes_difficult or not row[-1]], self.batch)
        if not rows:
            return torch.full((1, 1, 1, COLUMNS), -1.0)
        return torch.tensor(rows, dtype=torch.float32).view(1, 1, len(rows), COLUMNS)

    def _draw_policy(self) -> None:
        if len(self._probabilities) > 1:
            if not self._batches:
                drawn = self._drawing.one_uniform(0, float(np.float32(self._probabilities[-1])))
                self.transformer.policy = min(int(np.searchsorted(self._probabilities, drawn)),
                                              len(self._probabilities) - 1)
            self._batches = (self._batches + 1) % _EVERY

    def _framed(self, message, what: str) -> AnnotatedImage:
        """The image of a record, distorted, expanded and cut to a window, with the boxes that are left."""
        pixels = datum.image(message.datum, self.mode, what)
        if pixels.dtype != np.uint8:
            raise InputError(f"{what} has values of single precision, and AnnotatedData takes images of bytes.")
        image = pixels.transpose(1, 2, 0)
        if self._has_boxes and not (message.HasField("type") or self.param.annotated_data_param.has("anno_type")):
            raise InputError(f"{what} has no `type` of its annotations, which the first record has; write it anew, or "
                             "give `anno_type`.")
        if self._distortion is not None:
            image = self._distortion.apply(image, self._drawing, what)
        annotated = self._framing.expanded(AnnotatedImage(image, annotated_image.objects(message)), self._drawing, what)
        if self._jitter is not None:
            policies = self.transformer.policies
            keeps_shape = bool(policies) and policies[self.transformer.policy].keeps_shape
            return self._framing.cropped(annotated, self._jitter.window(self._drawing, keeps_shape))
        boxes = [one.box for one in annotated.objects]
        windows = [window for sampler in self._samplers for window in sampler.windows(boxes, self._drawing)]
        if not windows:
            return annotated
        return self._framing.cropped(annotated, windows[self._drawing.word() % len(windows)])

    def _placed(self, annotated: AnnotatedImage, placed, data: torch.Tensor, what: str) -> list[Object]:
        """The objects of an image, by fractions of what is fed of it."""
        policies, objects = self.transformer.policies, annotated.objects
        rows, columns = annotated.image.shape[:2]
        height, width = self.transformer.prepared_size(rows, columns, what)
        policy = policies[self.transformer.policy] if policies else None
        if policy is not None:
            objects = [one._replace(box=policy.place(one.box, rows, columns)) for one in objects]
        crop = Box(placed.column / width, placed.row / height, (placed.column + data.shape[3]) / width,
                   (placed.row + data.shape[2]) / height)
        objects = self._framing.finished(objects, crop)
        if placed.mirrored:
            objects = [one._replace(box=one.box.mirrored()) for one in objects]
        if policy is None:
            return objects
        return [one._replace(box=policy.extrapolated(one.box, rows, columns, crop)) for one in objects]

    def reading_place(self):
        policy = {"policy": self.transformer.policy, "batches": self._batches} if len(self._probabilities) > 1 else {}
        return {**super().reading_place(), "drawing": self._drawing.place, **policy}

    def read_from(self, place):
        super().read_from(place)
        self._drawing.place = found(place, "drawing")
        if len(self._probabilities) > 1:
            self.transformer.policy = number(place, "policy", len(self._probabilities))
            self._batches = number(place, "batches", _EVERY)


def _label(message, what: str) -> int:
    if not message.datum.HasField("label"):
        raise InputError(f"{what} has neither boxes nor a label; write it anew, or give the layer one top.")
    return message.datum.label
