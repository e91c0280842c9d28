"""DetectionEvaluate of SSD: weiliu89/caffe, branch ssd, src/caffe/layers/detection_evaluate_layer.cpp; and what its
solver makes of it with eval_type "detection": ComputeAP of src/caffe/util/bbox_util.cpp, TestDetection of solver.cpp.

Of equal scores the first detection's is the better; the fork leaves that to std::sort. Boxes in pixels (sizes) hold
their last pixels always; the fork forgets those where it undoes FIT_SMALL_SIZE.
"""

from __future__ import annotations

import numpy as np

from .ssd_boxes import jaccard, output_box


def detection_evaluate(detections, truths, *, num_classes, background_label_id=0, overlap_threshold=0.5,
                       evaluate_difficult_gt=True, sizes=None, first_size=0, resize=None):
    """(1, 1, classes without background + valid detections, 5).

    First a row [-1, label, number of ground truths, -1, -1] for each label, then, by image and label, a row [image,
    label, score, 1 if right, 1 if wrong] for each detection. Both are 0 of one that hits a difficult ground truth
    where those do not count. A ground truth is hit once, by the best detection; one whose greatest overlap is with a
    ground truth that is hit already is wrong.

    detections are (1, 1, D, 7) = [image, label, score, box], of which those of image or label -1 do not count; truths
    (1, 1, G, 8), which end before the first row of image -1. `sizes` are the heights and widths in name_size_file, in
    whose pixels the boxes are compared then; each image that has detections takes the next, from `first_size` on.
    """
    found, wanted = _by_image_and_label(detections, 7), _by_image_and_label(_before_end(truths), 8)
    rows = []
    for label in range(num_classes):
        if label != background_label_id:
            there = [truth for its in wanted.values() for truth in its.get(label, [])]
            counted = [truth for truth in there if evaluate_difficult_gt or not truth[7]]
            rows.append([-1, label, len(counted), -1, -1])
    for number, image in enumerate(sorted(found)):
        size = sizes[(first_size + number) % len(sizes)] if sizes else None
        for label in sorted(found[image]):
            truths_here = wanted.get(image, {}).get(label)
            if label == -1:
                continue
            if not truths_here:
                rows += [[image, label, detection[2], 0, 1] for detection in found[image][label]]
                continue
            best_first = sorted(found[image][label], key=lambda detection: -detection[2])
            verdicts = _verdicts([_box(detection[3:7], size, resize) for detection in best_first],
                                 [_box(truth[3:7], size, resize) for truth in truths_here],
                                 [bool(truth[7]) and not evaluate_difficult_gt for truth in truths_here],
                                 float(np.float32(overlap_threshold)), sizes is None)
            rows += [[image, label, detection[2], *verdict] for detection, verdict in zip(best_first, verdicts)]
    return np.array(rows, float).reshape(1, 1, -1, 5)


def average_precision(scores, right, num_pos, ap_version="Integral"):
    """The average precision of detections that are `right` (1) or wrong (0), of num_pos ground truths.

    11point: the mean, over the recalls 0, .1 to 1, of the greatest precision at that recall or a higher one.
    MaxIntegral: the area under that envelope. Integral: the area under the precisions themselves, each taken where the
    recall rises. Recalls are compared in single precision, as in the fork: 7 of 10 lie below .7 there.
    """
    if not len(scores) or not num_pos:
        return 0.0
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    hits = np.cumsum([right[i] for i in order])
    precision, recall = hits / np.arange(1, len(order) + 1), hits / num_pos
    envelope = [max(precision[i:]) for i in range(len(order))]
    if ap_version == "11point":
        return sum(max([p for p, r in zip(precision, recall.astype(np.float32)) if float(r) >= j / 10], default=0.0)
                   for j in range(11)) / 11
    if ap_version not in ("MaxIntegral", "Integral"):
        raise ValueError(ap_version)
    heights = envelope if ap_version == "MaxIntegral" else precision
    return float(sum(height * rise for height, rise in zip(heights, np.diff(recall, prepend=0.0))))


def mean_average_precision(tops, ap_version="Integral"):
    """Of the tops of several passes: the mean over all labels, in which one without detections counts as 0."""
    number, detections = {}, {}
    for top in tops:
        for image, label, score, right, wrong in np.reshape(top, (-1, 5)):
            if image == -1:
                number[int(label)] = number.get(int(label), 0) + int(score)
            elif right or wrong:
                detections.setdefault(int(label), []).append((score, int(right)))
    precisions = [average_precision(*zip(*detections[label]), number[label], ap_version) if label in detections else 0.0
                  for label in number]
    return sum(precisions) / len(precisions)


def _verdicts(boxes, truths, ignored, threshold, normalized):
    hit, verdicts = set(), []
    for box in boxes:
        overlaps = [jaccard(box, truth, normalized) for truth in truths]
        nearest = int(np.argmax(overlaps))
        if overlaps[nearest] < threshold:
            verdicts.append((0, 1))
        elif ignored[nearest]:
            verdicts.append((0, 0))
        else:
            verdicts.append((0, 1) if nearest in hit else (1, 0))
            hit.add(nearest)
    return verdicts


def _box(box, size, resize):
    return output_box(box, *size, resize) if size else box


def _before_end(truths):
    rows = np.reshape(truths, (-1, 8))
    ends = np.flatnonzero(rows[:, 0].astype(int) == -1)
    return rows[:ends[0]] if len(ends) else rows


def _by_image_and_label(rows, width):
    grouped = {}
    for row in np.reshape(rows, (-1, width)):
        if int(row[0]) != -1:
            grouped.setdefault(int(row[0]), {}).setdefault(int(row[1]), []).append(row)
    return grouped
