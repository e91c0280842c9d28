"""MultiBoxLoss of SSD: weiliu89/caffe, branch ssd, src/caffe/layers/multibox_loss_layer.cpp and util/bbox_util.cpp.

Faults of the fork that are none here:
- with encode_variance_in_target its backward pass forgets that prediction and truth were divided by the variances;
- with LOGISTIC it takes background_label_id for the target of what has none (here 0), and without mining it writes the
  targets of each image but the first to a wrong place;
- with map_object_to_agnostic it mines by the labels that are not mapped, and stops at one beyond the classes;
- an nms_param without top_k lets it select nothing; here top_k is -1 then: all.
Of equal losses that of the first prior is the greater; the fork leaves that to std::sort.
"""

from __future__ import annotations

import numpy as np

from .softmax_with_loss import SMALLEST, softmax
from .ssd_boxes import decode, encode, match, nms

DEFAULTS = {
    "num_classes": None, "share_location": True, "loc_loss_type": "SMOOTH_L1", "conf_loss_type": "SOFTMAX",
    "loc_weight": 1.0, "match_type": "PER_PREDICTION", "overlap_threshold": 0.5, "use_prior_for_matching": True,
    "background_label_id": 0, "use_difficult_gt": True, "neg_pos_ratio": 3.0, "neg_overlap": 0.5,
    "code_type": "CORNER", "encode_variance_in_target": False, "map_object_to_agnostic": False,
    "ignore_cross_boundary_bbox": False, "bp_inside": False, "mining_type": "MAX_NEGATIVE", "nms_param": None,
    "sample_size": 64, "use_prior_for_nms": False, "normalization": "VALID", "propagate_down": (True, True)}


def multibox_loss(loc, conf, priors, truths, **options):
    """loc_weight * (sum of what the matched boxes lack) / normalizer + (sum of what the classes lack) / normalizer.

    loc is (N, P * loc classes * 4), conf (N, P * num_classes) of scores, priors (1, 2, P * 4), and truths (1, 1, G, 8):
    [image, label, instance, xmin, ymin, xmax, ymax, difficult]; those of image -1, or of none that is there, do not
    count. The options are those of DEFAULTS; nms_param is a dictionary. The normalizer of VALID is the number of
    matches. A part whose propagate_down is false is not counted.
    """
    case = _Case(loc, conf, priors, truths, {**DEFAULTS, **options})
    parts = [case.weight * sum(case.loc_losses()), sum(case.conf_losses())]
    return np.float64(sum(part for part, counts in zip(parts, case.options["propagate_down"]) if counts)
                      / case.normalizer())


def multibox_loss_backward(top_diff, loc, conf, priors, truths, **options):
    """The diffs of loc and conf: the derivatives, what is matched and mined being fixed."""
    case = _Case(loc, conf, priors, truths, {**DEFAULTS, **options})
    loc_diff, conf_diff = np.zeros(case.loc.shape), np.zeros(case.conf.shape)
    for image, label, prior, difference, scale in case.compared():
        slope = difference if case.options["loc_loss_type"] == "L2" else np.clip(difference, -1, 1)
        loc_diff[image, prior, max(label, 0)] = case.weight * slope * scale
    for image, prior, target in case.targets():
        scores = case.conf[image, prior]
        conf_diff[image, prior] = (softmax(scores, 0) if case.softmax else 1 / (1 + np.exp(-scores))) - target
    scale = float(top_diff) / case.normalizer()
    return (loc_diff * scale).reshape(np.shape(loc)), (conf_diff * scale).reshape(np.shape(conf))


def matches(loc, conf, priors, truths, **options):
    """For each image the matches by label ({-1: ...} if locations are shared), and the negatives that were mined."""
    case = _Case(loc, conf, priors, truths, {**DEFAULTS, **options})
    return case.matched, case.negatives


class _Case:
    def __init__(self, loc, conf, priors, truths, options):
        self.options = options
        self.classes, self.weight = options["num_classes"], options["loc_weight"]
        self.background = options["background_label_id"]
        self.softmax = options["conf_loss_type"] == "SOFTMAX"
        self.labels = [-1] if options["share_location"] else [
            label for label in range(self.classes) if label != self.background]
        self.priors, self.variances = np.asarray(priors, float).reshape(2, -1, 4)
        self.loc = np.reshape(loc, (len(loc), len(self.priors), 1 if options["share_location"] else self.classes, 4))
        self.conf = np.reshape(conf, (len(conf), len(self.priors), self.classes))
        self.truths = [[] for _ in loc]
        for row in np.reshape(truths, (-1, 8)):
            if 0 <= int(row[0]) < len(loc) and (options["use_difficult_gt"] or not row[7]):
                self.truths[int(row[0])].append((int(row[1]), row[3:7]))
        self.matched, self.negatives = [], [[] for _ in loc]
        overlaps = []
        for image, its_truths in enumerate(self.truths):
            found = self._match(image) if its_truths else {}
            self.matched.append({label: indices for label, (indices, _) in found.items()})
            overlaps.append({label: values for label, (_, values) in found.items()})
        if options["mining_type"] != "NONE":
            self._mine(overlaps)

    def _match(self, image):
        """The matches and overlaps of an image, by label."""
        options = {name: self.options[name] for name in (
            "match_type", "overlap_threshold", "ignore_cross_boundary_bbox")}
        truths = self.truths[image]
        if not self.options["use_prior_for_matching"]:
            return {label: match(truths, self._decoded(image, label), label=label, **options) for label in self.labels}
        indices, overlaps = match(truths, self.priors, **options)
        if self.options["share_location"]:
            return {-1: (indices, overlaps)}
        return {label: ([i if i > -1 and truths[i][0] == label else -1 for i in indices], overlaps)
                for label in self.labels}

    def _decoded(self, image, label):
        return [decode(prior, variance, code, self.options["code_type"], self.options["encode_variance_in_target"])
                for prior, variance, code in zip(self.priors, self.variances, self.loc[image, :, max(label, 0)])]

    def _mine(self, overlaps):
        """Of an image with ground truth: the hardest negatives, so many for each match; or of all the hardest examples,
        which unmatches what is not among them."""
        losses = self._losses_of_all()
        for image, its_matches in enumerate(self.matched):
            if -1 not in its_matches:
                continue
            found = its_matches[-1]
            if self.options["mining_type"] == "HARD_EXAMPLE":
                eligible, number = list(range(len(found))), self.options["sample_size"]
            else:
                eligible = [p for p, i in enumerate(found) if i == -1 and overlaps[image][-1][p] <
                            self.options["neg_overlap"]]
                number = int(np.float32(sum(i > -1 for i in found)) * np.float32(self.options["neg_pos_ratio"]))
            chosen = set(self._hardest(image, eligible, losses[image])[:number])
            self.negatives[image] = [p for p, i in enumerate(found) if i == -1 and p in chosen]
            if self.options["mining_type"] == "HARD_EXAMPLE":
                its_matches[-1] = [-1 if i > -1 and p not in chosen else i for p, i in enumerate(found)]

    def _hardest(self, image, eligible, losses):
        """These priors by their losses, without those whose boxes overlap a harder one's, if that is asked for."""
        nms_param = {"nms_threshold": 0.3, "top_k": -1, **(self.options["nms_param"] or {})}
        if self.options["nms_param"] is None or nms_param["nms_threshold"] <= 0:
            return sorted(eligible, key=lambda p: -losses[p])
        boxes = self.priors if self.options["use_prior_for_nms"] else self._decoded(image, -1)
        kept = nms([boxes[p] for p in eligible], [losses[p] for p in eligible], nms_param["nms_threshold"],
                   nms_param["top_k"])
        return [eligible[i] for i in kept]

    def _losses_of_all(self):
        """What each prior of each image lacks: of its class, and with HARD_EXAMPLE of its box, too."""
        losses = np.zeros(self.conf.shape[:2])
        for image, prior in np.ndindex(losses.shape):
            label = self.background
            for found in self.matched[image].values():
                if found[prior] > -1:
                    label = self._label(image, found[prior])
            losses[image, prior] = self._conf_loss(image, prior, np.eye(self.classes)[label])
        if self.options["mining_type"] == "HARD_EXAMPLE":
            for (image, _, prior, _, _), loss in zip(self.compared(), self.loc_losses()):
                losses[image, prior] += loss
        return losses

    def compared(self):
        """Of each match: image, label, prior, prediction less truth, and the derivative of that by the prediction."""
        options = self.options
        for image, its_matches in enumerate(self.matched):
            for label, found in its_matches.items():
                for prior, truth in enumerate(found):
                    if truth <= -1:
                        continue
                    code = encode(self.priors[prior], self.variances[prior], self.truths[image][truth][1],
                                  options["code_type"], options["encode_variance_in_target"])
                    scale = 1 / self.variances[prior] if options["encode_variance_in_target"] else np.ones(4)
                    if options["bp_inside"]:
                        box = self.priors[prior] if options["use_prior_for_matching"] else self._decoded(
                            image, label)[prior]
                        scale = scale * np.array([0.0 if value < 0 or value > 1 else 1.0 for value in box])
                    yield image, label, prior, (self.loc[image, prior, max(label, 0)] - code) * scale, scale

    def targets(self):
        """Of each prior whose class counts: image, prior, and what its scores should be, for each class."""
        mining = self.options["mining_type"] != "NONE"
        for image, its_matches in enumerate(self.matched):
            wanted = {} if mining else {prior: self._nothing(mining) for prior in range(len(self.priors))}
            for found in its_matches.values():
                for prior, truth in enumerate(found):
                    if truth > -1:
                        before = np.zeros(self.classes) if self.softmax else wanted.get(prior, np.zeros(self.classes))
                        wanted[prior] = np.maximum(before, np.eye(self.classes)[self._label(image, truth)])
            for prior in self.negatives[image]:
                wanted[prior] = self._nothing(mining)
            for prior, target in wanted.items():
                yield image, prior, target

    def _label(self, image, truth):
        return self.background + 1 if self.options["map_object_to_agnostic"] else self.truths[image][truth][0]

    def _nothing(self, mining):
        """The target where nothing is. With LOGISTIC and without mining the background's score, too, should be 0."""
        return np.eye(self.classes)[self.background] * (1.0 if self.softmax or mining else 0.0)

    def _conf_loss(self, image, prior, target):
        scores = self.conf[image, prior]
        if self.softmax:
            return -np.log(max(softmax(scores, 0)[target.argmax()], SMALLEST))
        return float(np.sum(np.logaddexp(0, scores) - scores * target))

    def conf_losses(self):
        return [self._conf_loss(image, prior, target) for image, prior, target in self.targets()]

    def loc_losses(self):
        return [float(sum(0.5 * d * d if abs(d) < 1 or self.options["loc_loss_type"] == "L2" else abs(d) - 0.5
                          for d in difference)) for _, _, _, difference, _ in self.compared()]

    def normalizer(self):
        matches_ = sum(i > -1 for its in self.matched for found in its.values() for i in found)
        images, priors = self.conf.shape[:2]
        return max(1.0, {"FULL": images * priors, "VALID": matches_, "BATCH_SIZE": images, "NONE": 1}[
            self.options["normalization"]])
