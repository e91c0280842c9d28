"""DetectionOutput of SSD: weiliu89/caffe, branch ssd, src/caffe/layers/detection_output_layer.cpp.

Of equal scores the lower class is the better, and in it the one that comes first; the fork leaves that to std::sort.
"""

from __future__ import annotations

import numpy as np

from .ssd_boxes import decode, nms_fast


def detection_output(loc, conf, priors, *, num_classes, share_location=True, background_label_id=0, nms_threshold=0.3,
                     top_k=-1, eta=1.0, code_type="CORNER", variance_encoded_in_target=False, keep_top_k=-1,
                     confidence_threshold=None):
    """(1, 1, K, 7): [image, label, score, xmin, ymin, xmax, ymax] of each detection, by image, then label, then score.

    loc is (N, P * loc classes * 4), conf (N, P * num_classes) of probabilities, and priors (1, 2, P * 4). With no
    detection at all there is a row for each image: its number, and -1 six times.
    """
    images = len(loc)
    boxes, variances = np.reshape(priors, (-1, np.size(priors) // len(priors)))[0].reshape(2, -1, 4)
    loc = np.reshape(loc, (images, len(boxes), 1 if share_location else num_classes, 4))
    conf = np.reshape(conf, (images, len(boxes), num_classes))
    lowest = -np.inf if confidence_threshold is None else float(np.float32(confidence_threshold))
    rows = []
    for image in range(images):
        found = []
        for label in range(num_classes):
            if label == background_label_id:
                continue
            decoded = [decode(box, variance, code, code_type, variance_encoded_in_target) for box, variance, code
                       in zip(boxes, variances, loc[image, :, 0 if share_location else label])]
            scores = conf[image, :, label]
            kept = nms_fast(decoded, scores, lowest, float(np.float32(nms_threshold)), eta, top_k)
            found += [[image, label, scores[i], *decoded[i]] for i in kept]
        if -1 < keep_top_k < len(found):
            found = sorted(found, key=lambda row: -row[2])[:keep_top_k]
            found.sort(key=lambda row: row[1])
        rows += found
    return np.array(rows or [[image] + [-1.0] * 6 for image in range(images)]).reshape(1, 1, -1, 7)
