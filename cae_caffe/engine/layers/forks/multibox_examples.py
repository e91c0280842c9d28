"""Of which predictions MultiBoxLoss takes its losses: those matched to a ground truth, and the hardest others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from .boxes import LEFT_OUT, NO_MATCH, Code, Matching, suppress
from .detection_rows import GroundTruths

SMALLEST = torch.finfo(torch.float32).tiny      # no probability counts as less


@dataclass
class Scene:
    """What a pass is given, on the host: codes (N, P, location classes, 4), scores as a tensor (N, P, classes)."""

    codes: np.ndarray
    scores: torch.Tensor
    priors: np.ndarray
    variances: np.ndarray
    truths: GroundTruths
    code: Code

    def decoded(self, image: int, label: int) -> np.ndarray:
        """The boxes (P, 4) that an image's codes of a location class mean."""
        return self.code.decode(self.priors, self.variances, self.codes[image, :, label])


@dataclass
class Positives:
    """Predictions that have a ground truth, by image, then location class, then prior: all arrays of one length."""

    images: np.ndarray
    classes: np.ndarray
    priors: np.ndarray
    truths: np.ndarray

    def of(self, chosen: np.ndarray) -> Positives:
        """Those for which `chosen` is true."""
        return Positives(self.images[chosen], self.classes[chosen], self.priors[chosen], self.truths[chosen])


@dataclass
class Matches:
    """For each image, location class and prior the number of its ground truth among all, NO_MATCH or LEFT_OUT, and the
    overlap that goes with it; `seen` are the images with ground truths.
    """

    truths: np.ndarray
    overlaps: np.ndarray
    seen: np.ndarray

    def positives(self) -> Positives:
        images, classes, priors = np.nonzero(self.truths > NO_MATCH)
        return Positives(images, classes, priors, self.truths[images, classes, priors])


def match(scene: Scene, options, background: int) -> Matches:
    """Give predictions ground truths, by the priors or by the boxes they mean (FindMatches)."""
    images, priors, classes = scene.codes.shape[:3]
    matches = Matches(np.full((images, classes, priors), NO_MATCH),
                      np.zeros((images, classes, priors), np.float32), np.zeros(images, bool))
    matching = Matching(options.match_type == "PER_PREDICTION", options.overlap_threshold,
                        options.ignore_cross_boundary_bbox)
    for image in range(images):
        mine = scene.truths.of_image(image)
        matches.seen[image] = mine.stop > mine.start
        if not matches.seen[image]:
            continue
        if options.use_prior_for_matching:
            found, overlaps = matching.match(scene.truths.boxes[mine], scene.priors)
            _distribute(matches, image, np.where(found > NO_MATCH, found + mine.start, found), overlaps,
                        None if options.share_location else scene.truths.labels)
            continue
        for label in range(classes):
            wanted = scene.truths.labels[mine] == label
            if options.share_location:
                wanted[:] = True
            elif label == background:
                continue
            numbers = np.append(np.flatnonzero(wanted) + mine.start, [LEFT_OUT, NO_MATCH])     # behind: -2 and -1
            found, overlaps = matching.match(scene.truths.boxes[numbers[:-2]], scene.decoded(image, label))
            matches.truths[image, label], matches.overlaps[image, label] = numbers[found], overlaps
    return matches


def _distribute(matches: Matches, image: int, found: np.ndarray, overlaps: np.ndarray, labels) -> None:
    """Write the priors' matches of an image; if there are labels, each to the location class of its truth's."""
    matches.overlaps[image] = overlaps
    if labels is None:
        matches.truths[image, 0] = found
        return
    classes = matches.truths.shape[1]
    for prior in np.flatnonzero(found > NO_MATCH):
        label = labels[found[prior]]
        if label < classes:
            matches.truths[image, label, prior] = found[prior]


def label_of(truths: GroundTruths, numbers: np.ndarray, options, background: int) -> np.ndarray:
    """The classes that predictions of these ground truths should have."""
    if options.map_object_to_agnostic:
        return np.full(len(numbers), background + 1)
    return truths.labels[numbers]


def location_targets(scene: Scene, positives: Positives) -> np.ndarray:
    """The codes (M, 4) of the positives' ground truths."""
    places = positives.priors
    return scene.code.encode(scene.priors[places], scene.variances[places], scene.truths.boxes[positives.truths])


def score_losses(scores: torch.Tensor, labels: torch.Tensor, kind: str) -> torch.Tensor:
    """The loss (K) of scores (K, classes) with the labels (K), by the softmax or, LOGISTIC, by each class' sigmoid; a
    label that is no class has targets of 0 alone.
    """
    if kind == "SOFTMAX":
        return -scores.softmax(1).gather(1, labels[:, None])[:, 0].clamp_min(SMALLEST).log()
    targets = (labels[:, None] == torch.arange(scores.shape[1], device=labels.device)).to(scores.dtype)
    return functional.binary_cross_entropy_with_logits(scores, targets, reduction="none").sum(1)


def mine(scene: Scene, matches: Matches, options, background: int, location_losses) -> np.ndarray:
    """Which predictions (N, P) are the negatives; of HARD_EXAMPLE, positives that are not hard lose their truths.

    The location classes are one. `location_losses` gives the losses (M) of positives (MineHardExamples).
    """
    images, priors = scene.codes.shape[:2]
    positives = matches.positives()
    labels = np.full((images, priors), background)
    labels[positives.images, positives.priors] = label_of(scene.truths, positives.truths, options, background)
    of_scores = score_losses(scene.scores.reshape(images * priors, scene.scores.shape[-1]),
                             torch.from_numpy(labels.reshape(-1)).to(scene.scores.device), options.conf_loss_type)
    losses = of_scores.cpu().numpy().reshape(images, priors)
    hard = options.mining_type == "HARD_EXAMPLE"
    if hard and len(positives.images):
        losses[positives.images, positives.priors] += location_losses(positives)
    negatives = np.zeros((images, priors), bool)
    for image in np.flatnonzero(matches.seen).tolist():
        found = matches.truths[image, 0]
        selected = np.zeros(priors, bool)
        selected[_hardest(scene, image, found, matches.overlaps[image, 0], losses[image], options)] = True
        negatives[image] = selected & (found == NO_MATCH)
        if hard:
            found[(found > NO_MATCH) & ~selected] = NO_MATCH
    return negatives


def _hardest(scene: Scene, image: int, found, overlaps, losses, options) -> np.ndarray:
    """The priors of the greatest losses of an image, as many as the options say."""
    if options.mining_type == "HARD_EXAMPLE":
        eligible, number = np.arange(len(found)), options.sample_size
    else:
        eligible = np.flatnonzero((found == NO_MATCH) & (overlaps < np.float32(options.neg_overlap)))
        number = int(np.float32((found > NO_MATCH).sum()) * np.float32(options.neg_pos_ratio))
    suppression = options.nms_param
    if not options.has("nms_param") or suppression.nms_threshold <= 0:
        return eligible[np.argsort(-losses[eligible], kind="stable")[:number]]
    boxes = scene.priors if options.use_prior_for_nms else scene.decoded(image, 0)
    top_k = suppression.top_k if suppression.has("top_k") else -1
    return eligible[suppress(boxes[eligible], losses[eligible], suppression.nms_threshold, top_k)[:number]]
