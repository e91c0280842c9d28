"""What AnnotatedData of SSD does with boxes: weiliu89/caffe, branch ssd, src/caffe/layers/annotated_data_layer.cpp,
util/sampler.cpp, util/im_transforms.cpp (UpdateBBoxByResizePolicy, InferNewSize) and data_transformer.cpp.

Its steps, each for the next: distort, expand, crop to one of the boxes that were sampled, resize, noise, crop and
mirror. What is drawn by lot is an argument here. ssd_images.py has the images.

Faults of the fork that are none here: a sample is good if one object meets all constraints (there it is, too, if one
meets those of overlap and fails those of coverage). `prob` of resize_param and noise_param does nothing there.
"""

from __future__ import annotations

import math

import numpy as np

from .ssd_boxes import clip, coverage, jaccard, locate, meets_constraint, project, scale


def sampled_extent(scale_drawn, aspect_ratio_drawn):
    """Width and height of a sample, as parts of the image: the ratio is kept so that neither is more than 1."""
    ratio = min(max(aspect_ratio_drawn, scale_drawn ** 2), 1 / scale_drawn ** 2)
    return scale_drawn * math.sqrt(ratio), scale_drawn / math.sqrt(ratio)


def sampled_box(scale_drawn, aspect_ratio_drawn, left, top, source=(0.0, 0.0, 1.0, 1.0)):
    """A sample at `left`, in 0 to 1 - width, and `top`, in 0 to 1 - height, of `source`."""
    width, height = sampled_extent(scale_drawn, aspect_ratio_drawn)
    return locate(source, [left, top, left + width, top + height])


def satisfies(sample, objects, *, min_jaccard_overlap=None, max_jaccard_overlap=None, min_sample_coverage=None,
              max_sample_coverage=None, min_object_coverage=None, max_object_coverage=None):
    """Whether there is no constraint at all, or an object whose overlap with the sample, part of the sample, and part
    of itself in the sample, are as they must be."""
    limits = [(min_jaccard_overlap, max_jaccard_overlap), (min_sample_coverage, max_sample_coverage),
              (min_object_coverage, max_object_coverage)]
    if all(limit is None for pair in limits for limit in pair):
        return True
    return any(all((least is None or value >= least) and (most is None or value <= most) for value, (least, most) in
                   zip((jaccard(sample, box), coverage(sample, box), coverage(box, sample)), limits))
               for box in objects)


def crop_of(box, height, width):
    """What is cut out of an image for a sample: top, left, height and width in pixels."""
    left, top, right, bottom = scale(clip(box), height, width)
    return int(top), int(left), int(bottom - top), int(right - left)


def expanded_size(height, width, ratio):
    return int(np.float32(height) * np.float32(ratio)), int(np.float32(width) * np.float32(ratio))


def expanded_box(height, width, ratio, top, left):
    """The larger image, as parts of the image that is laid into it at this row and column."""
    whole_height, whole_width = expanded_size(height, width, ratio)
    return np.array([-left / width, -top / height, (whole_width - left) / width, (whole_height - top) / height])


def resized_size(height, width, resize):
    """Height and width of an image after resize_param, in single precision: FIT_SMALL_SIZE to 30 makes of 100 x 60
    pixels 49 x 30, for .6 is a little more than that there."""
    wanted_height, wanted_width = resize["height"], resize["width"]
    if resize.get("resize_mode", "WARP") != "FIT_SMALL_SIZE":
        return wanted_height, wanted_width
    aspect = np.float32(width) / np.float32(height)
    if aspect < np.float32(wanted_width) / np.float32(wanted_height):
        return int(np.float32(wanted_width) / aspect), wanted_width
    return wanted_height, int(aspect * np.float32(wanted_height))


def resized_box(box, height, width, resize):
    """A box of an image of this size, as parts of what resize_param makes of it."""
    mode, to_height, to_width = resize.get("resize_mode", "WARP"), resize["height"], resize["width"]
    inside = clip(box)
    if mode != "FIT_LARGE_SIZE_AND_PAD":
        return inside
    if width / height > to_width / to_height:
        part = to_width / (width / height) / to_height
        return np.array([inside[0], (1 - part) / 2 + max(0.0, box[1] * part), inside[2],
                         (1 - part) / 2 + min(1.0, box[3] * part)])
    part = to_height * (width / height) / to_width
    return np.array([(1 - part) / 2 + max(0.0, box[0] * part), inside[1], (1 - part) / 2 + min(1.0, box[2] * part),
                     inside[3]])


def extrapolated_box(box, height, width, crop, resize):
    """A box of a crop, with FIT_SMALL_SIZE and height_scale and width_scale, as parts of these many pixels."""
    if resize.get("resize_mode", "WARP") != "FIT_SMALL_SIZE" or not (
            resize.get("height_scale", 0) and resize.get("width_scale", 0)):
        return np.asarray(box)
    aspect = width / height
    to_height, to_width = resize["height"], resize["width"]
    to_height, to_width = (to_width / aspect, to_width) if aspect < to_width / to_height else (
        to_height, to_height * aspect)
    return np.asarray(box) * ([to_width * (crop[2] - crop[0]) / resize["width_scale"],
                               to_height * (crop[3] - crop[1]) / resize["height_scale"]] * 2)


def transformed_annotations(groups, crop, *, size=None, resize=None, mirror=False, emit_constraint=None):
    """Annotations within `crop`, as parts of it: the groups that have any, with those.

    A group is (label, [(instance, box, difficult)]). With `resize`, boxes are those of an image of `size` = (height,
    width) that is resized first. emit_constraint is a dictionary, of emit_type and emit_overlap.
    """
    emitted = []
    for label, members in groups:
        kept = []
        for instance, box, difficult in members:
            moved = resized_box(box, *size, resize) if resize else np.asarray(box)
            if emit_constraint is not None and not meets_constraint(crop, moved, **emit_constraint):
                continue
            inside = project(crop, moved)
            if inside is None:
                continue
            if mirror:
                inside = np.array([1 - inside[2], inside[1], 1 - inside[0], inside[3]])
            kept.append((instance, extrapolated_box(inside, *size, crop, resize) if resize else inside, difficult))
        if kept:
            emitted.append((label, kept))
    return emitted


def labels(items):
    """The second top of a batch: (1, 1, boxes, 8) = [item, label, instance, xmin, ymin, xmax, ymax, difficult] of the
    groups of each item; of none at all one row of -1."""
    rows = [[number, label, instance, *box, difficult] for number, groups in enumerate(items)
            for label, members in groups for instance, box, difficult in members]
    return np.array(rows or [[-1] * 8], float).reshape(1, 1, -1, 8)
