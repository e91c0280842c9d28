"""MultiBoxLoss: how far SSD's predicted boxes and classes are from the ground truths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import exactly
from ...traits import Traits
from ..loss import LossLayer, normalization_divisor, normalization_mode
from ..registry import register
from . import multibox_examples
from .boxes import Code
from .constant import zero_gradients
from .detection_rows import (
    TRUTH_WIDTH,
    GroundTruths,
    background,
    on_host,
    prior_count,
    priors_of,
    require_classes,
    require_predictions,
    require_rows,
)
from .multibox_examples import Positives, Scene


@dataclass
class Examples:
    """What the losses are taken of, on the net's device: rows of the codes (N P classes, 4) with targets and factors,
    rows of the scores (N P, classes) with their targets, labels (K) or, LOGISTIC, (K, classes); and the divisor.
    """

    location_rows: torch.Tensor
    location_targets: torch.Tensor
    location_factors: torch.Tensor
    score_rows: torch.Tensor
    score_targets: torch.Tensor
    divisor: float


@register("MultiBoxLoss")
class MultiBoxLoss(LossLayer):
    """Bottoms: codes (N, P 4) or, without `share_location`, (N, P classes 4); scores before any softmax (N, P classes);
    PriorBox's top of P priors; ground truths (1, 1, G, 8): image (-1: no box), label, instance, xmin, ymin, xmax, ymax,
    difficult.

    loss = (loc_weight L_loc + L_conf) / D. Priors, or the boxes that codes mean, are matched to ground truths
    (boxes.Matching). L_loc is the sum over the matched of smooth L1, or d^2 / 2, of the code's distance d from the
    truth's. L_conf is the sum, over the matched and the mined negatives, of the cross entropy of the softmax, or of
    each class's sigmoid; without mining over all priors. D is by default the number of matches, and at least 1. A loss
    whose bottom has `propagate_down: false` is left out (src/caffe/layers/multibox_loss_layer.cpp).

    As the fork means it, and does not do: matches are of this pass alone, also where no backward pass follows; with
    `encode_variance_in_target` the gradient, too, is divided by the variances; LOGISTIC without mining has its targets
    in their places for every image; a `background_label_id` that is no class makes no target of LOGISTIC; an
    `nms_param` without `top_k` keeps all; `map_object_to_agnostic` goes with mining.
    """

    bottoms = exactly(4)
    traits = Traits(capturable=False)
    makes_missing_tops = False

    def allows_forced_backward(self, bottom_index):
        return bottom_index < 2

    def setup(self, bottom, top):
        self.options = options = self.param.multibox_loss_param
        self.classes = require_classes(options)
        self.background = background(options)
        self.mode = normalization_mode(self.param.loss_param, "VALID")
        self.mines = options.mining_type != "NONE"
        if options.has("do_neg_mining") and options.do_neg_mining != self.mines:
            raise InputError(f"its `do_neg_mining` is {str(options.do_neg_mining).lower()} and its `mining_type` "
                             f"{options.mining_type}, which contradict each other; leave `do_neg_mining` out.")
        if self.mines and not options.share_location:
            raise InputError("it mines negatives without `share_location`, and knows no way to do both; give "
                             "`mining_type: NONE` or leave out `share_location: false`.")
        if self.mines and options.mining_type == "HARD_EXAMPLE" and options.sample_size <= 0:
            raise InputError(f"its `sample_size` is {options.sample_size}, and HARD_EXAMPLE takes so many predictions "
                             "of an image; give at least 1.")
        if options.conf_loss_type == "SOFTMAX" and not 0 <= self.background < self.classes:
            raise InputError(f"its `background_label_id` is {self.background}, and it has {self.classes} classes; with "
                             "SOFTMAX the background is one of them.")
        if options.map_object_to_agnostic and self.classes != (2 if self.background >= 0 else 1):
            raise InputError(f"it has `map_object_to_agnostic` and {self.classes} classes; that leaves one class of "
                             "objects, and the background if there is one: give `num_classes: 2`.")
        self.code = Code(options.code_type, options.encode_variance_in_target)
        given = [bool(flag) for flag in self.param.propagate_down]
        self.counts_losses = given[:2] or [True, True]
        if any(given[2:]):
            raise InputError("it has `propagate_down: true` for its prior boxes or ground truths, which get no "
                             "gradient; give `propagate_down` as true, true, false, false.")

    def shapes(self, bottom_shapes):
        loc, conf, priors, truths = bottom_shapes
        self.priors = prior_count(priors)
        self.location_classes = 1 if self.options.share_location else self.classes
        require_predictions(loc, self.priors * 4 * self.location_classes, "locations")
        require_predictions(conf, self.priors * self.classes, "scores")
        require_rows(truths, TRUTH_WIDTH, "ground truths")
        if loc[0] != conf[0]:
            raise InputError(f"its bottoms have shapes {shape_string(loc)} and {shape_string(conf)}; their first "
                             "lengths, the batch, must agree.")
        self.forget()
        return [()]

    _examples: Examples | None = None

    def forget(self):
        self._examples = None

    def forward(self, bottom, top):
        self._examples = examples = self._choose(bottom)
        total = torch.zeros((), device=top[0].data.device)
        if self.counts_losses[0]:
            distance = self._distance(bottom[0], examples)
            total += self.options.loc_weight * _location_loss(distance, self.options.loc_loss_type).sum()
        if self.counts_losses[1]:
            total += self._score_loss(bottom[1], examples)
        top[0].data.copy_(total / examples.divisor)

    def backward(self, top, propagate_down, bottom):
        examples = self._examples or self._choose(bottom)
        weight = top[0].diff / examples.divisor
        zero_gradients(propagate_down[2:], bottom[2:])
        if propagate_down[0]:
            distance = self._distance(bottom[0], examples)
            if self.options.loc_loss_type == "SMOOTH_L1":
                distance.clamp_(-1, 1)
            slope = distance * examples.location_factors * (weight * self.options.loc_weight)
            _write_rows(bottom[0].diff, examples.location_rows, slope)
        if propagate_down[1]:
            _write_rows(bottom[1].diff, examples.score_rows, self._score_slope(bottom[1], examples) * weight)

    def _distance(self, loc, examples: Examples) -> torch.Tensor:
        """How far the matched codes are from their targets, in parts of variances; 0 where `bp_inside` says so."""
        difference = loc.data.reshape(-1, 4)[examples.location_rows] - examples.location_targets
        return torch.where(examples.location_factors == 0, 0, difference * examples.location_factors)

    def _score_loss(self, conf, examples: Examples) -> torch.Tensor:
        scores, targets = conf.data.reshape(-1, self.classes)[examples.score_rows], examples.score_targets
        if self.options.conf_loss_type == "SOFTMAX":
            return multibox_examples.score_losses(scores, targets, "SOFTMAX").sum()
        return torch.nn.functional.binary_cross_entropy_with_logits(scores, targets, reduction="sum")

    def _score_slope(self, conf, examples: Examples) -> torch.Tensor:
        scores, targets = conf.data.reshape(-1, self.classes)[examples.score_rows], examples.score_targets
        if self.options.conf_loss_type == "SOFTMAX":
            return scores.softmax(1) - torch.nn.functional.one_hot(targets, self.classes)
        return scores.sigmoid() - targets

    def _choose(self, bottom) -> Examples:
        """Match, mine, and say of which predictions the losses are."""
        images = bottom[0].shape[0]
        rows = on_host(bottom[3]).reshape(-1, TRUTH_WIDTH)
        truths = GroundTruths.of(rows, self.background, self.options.use_difficult_gt)
        truths.within(images)
        self._check_labels(truths)
        priors, variances = priors_of(bottom[2])
        scene = Scene(on_host(bottom[0]).reshape(images, self.priors, self.location_classes, 4),
                      bottom[1].data.reshape(images, self.priors, self.classes), priors, variances, truths, self.code)
        matches = multibox_examples.match(scene, self.options, self.background)
        negatives = None
        if self.mines:
            negatives = multibox_examples.mine(scene, matches, self.options, self.background,
                                               lambda positives: self._location_losses(scene, positives))
        return self._examples_of(scene, matches.positives(), negatives)

    def _check_labels(self, truths: GroundTruths) -> None:
        wrong = truths.labels < 0
        if not self.options.map_object_to_agnostic:
            wrong |= truths.labels >= self.classes
        for label in truths.labels[wrong][:1]:
            raise InputError(f"a ground truth has the label {label}, and the classes are 0 to {self.classes - 1}; "
                             "correct the data or `num_classes`.")

    def _location_losses(self, scene: Scene, positives: Positives) -> np.ndarray:
        """The location loss of each positive."""
        targets, factors = self._location_targets(scene, positives)
        codes = scene.codes[positives.images, positives.priors, positives.classes]
        distance = np.where(factors == 0, np.float32(0), (codes - targets) * factors)
        return _location_loss(torch.from_numpy(distance), self.options.loc_loss_type).sum(1).numpy()

    def _location_targets(self, scene: Scene, positives: Positives) -> tuple[np.ndarray, np.ndarray]:
        """Targets (M, 4) of the positives' codes, and by what the distances from them are multiplied."""
        targets = multibox_examples.location_targets(scene, positives)
        variances = scene.variances[positives.priors]
        if self.code.in_target and not (variances > 0).all():
            raise InputError("a prior box has a variance of 0 or less, by which the loss is divided; correct its "
                             "PriorBox layer.")
        factors = 1 / variances if self.code.in_target else np.ones_like(targets)
        if self.options.bp_inside:
            boxes = scene.priors[positives.priors]
            if not self.options.use_prior_for_matching:
                codes = scene.codes[positives.images, positives.priors, positives.classes]
                boxes = self.code.decode(boxes, variances, codes)
            factors = np.where((boxes < 0) | (boxes > 1), np.float32(0), factors)
        return targets, factors

    def _examples_of(self, scene: Scene, positives: Positives, negatives: np.ndarray | None) -> Examples:
        images, priors = scene.codes.shape[:2]
        divisor = normalization_divisor(self.mode, images, priors, torch.tensor(float(len(positives.priors))),
                                        self.param.loss_param.pre_fixed_normalizer)
        places = positives.images * priors + positives.priors
        labels = multibox_examples.label_of(scene.truths, positives.truths, self.options, self.background)
        if negatives is None:
            score_rows, rows_of_labels = np.arange(images * priors), places
        else:
            score_rows = np.concatenate([places, np.flatnonzero(negatives.reshape(-1))])
            rows_of_labels = np.arange(len(places))
        score_targets = self._score_targets(len(score_rows), rows_of_labels, labels, negatives is not None)
        targets, factors = self._location_targets(scene, positives)
        arrays = (places * self.location_classes + positives.classes, targets, factors, score_rows, score_targets)
        location_rows, *others = (torch.from_numpy(array).to(scene.scores.device) for array in arrays)
        return Examples(location_rows, others[0], others[1], others[2], others[3], float(divisor))

    def _score_targets(self, number: int, rows: np.ndarray, labels: np.ndarray, has_negatives: bool) -> np.ndarray:
        """The targets of so many scores, of which those in `rows` are of the `labels` and the others background.

        LOGISTIC's background has a target of its own only where negatives are mined.
        """
        if self.options.conf_loss_type == "SOFTMAX":
            targets = np.full(number, self.background)
            targets[rows] = labels
            return targets
        targets = np.zeros((number, self.classes), np.float32)
        if has_negatives and 0 <= self.background < self.classes:
            targets[len(rows):, self.background] = 1
        targets[rows, labels] = 1
        return targets


def _write_rows(diff: torch.Tensor, rows: torch.Tensor, values: torch.Tensor) -> None:
    """Make these rows of `diff`, seen as rows of so many values, the `values`, and all others zero."""
    whole = torch.zeros(diff.numel() // values.shape[1], values.shape[1], device=diff.device)
    whole[rows] = values
    diff.copy_(whole.view(diff.shape))


def _location_loss(distance: torch.Tensor, kind: str) -> torch.Tensor:
    """Smooth L1, or half the square, of each value."""
    square = distance.square() / 2
    if kind == "L2":
        return square
    size = distance.abs()
    return torch.where(size < 1, square, size - 0.5)
