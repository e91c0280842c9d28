"""What AnnotatedData does with boxes and images, against references from SSD's source."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import examples
from datasets import pixels
from fork_references import annotated_data, dense_image_data, ssd_boxes, ssd_images
from hypothesis import assume, given
from hypothesis import strategies as st

from cae_caffe import schema
from cae_caffe.engine import distortion, noise
from cae_caffe.engine.annotated_image import AnnotatedImage, Framing, Object, seen
from cae_caffe.engine.box_sampling import BatchSampler
from cae_caffe.engine.boxes import WHOLE, Box, is_emitted
from cae_caffe.engine.resize_policy import ResizePolicy
from cae_caffe.engine.resizing import resize_nearest
from cae_caffe.engine.rng import Stream

SIDES = st.integers(1, 40)
# The lower end and the length of a side, in sixteenths.
EDGES = st.tuples(st.integers(-4, 15), st.integers(1, 20))


def boxes():
    return st.tuples(EDGES, EDGES, st.booleans()).map(lambda drawn: Box(
        drawn[0][0] / 16, drawn[1][0] / 16, sum(drawn[0]) / 16, sum(drawn[1]) / 16, drawn[2]))


def options(message, values):
    return schema.view(schema.parse_text(" ".join(f"{name}: {value}" for name, value in values.items()), message))


CONSTRAINTS = st.one_of(st.just({"emit_type": "CENTER"}), st.fixed_dictionaries(
    {"emit_type": st.just("MIN_OVERLAP"), "emit_overlap": st.integers(0, 9).map(lambda number: number / 10 + 0.05)}))


@examples(80)
@given(one=boxes(), other=boxes(), constraint=CONSTRAINTS)
def test_boxes(one, other, constraint):
    pair = one[:4], other[:4]
    assert one.coverage(other) == pytest.approx(ssd_boxes.coverage(*pair))
    assert is_emitted(other, one, options(schema.EmitConstraint, constraint)) == ssd_boxes.meets_constraint(
        *pair, **constraint)
    found, wanted = other.seen_in(one), ssd_boxes.project(*pair)
    assert (found is None) == (wanted is None)
    if found is not None:
        np.testing.assert_allclose(found[:4], wanted, atol=1e-12)
        assert found.difficult == other.difficult


RESIZES = st.fixed_dictionaries({"resize_mode": st.sampled_from(["WARP", "FIT_SMALL_SIZE", "FIT_LARGE_SIZE_AND_PAD"]),
                                 "height": SIDES, "width": SIDES, "height_scale": st.sampled_from([0, 1]),
                                 "width_scale": st.sampled_from([0, 1])})


@examples(60)
@given(resize=RESIZES, size=st.tuples(SIDES, SIDES), box=boxes())
def test_sizes_and_boxes_of_resized_images(resize, size, box):
    assume(box.seen_in(WHOLE))      # of others nothing is fed, wherever they are
    policy = ResizePolicy(options(schema.ResizeParameter, resize))

    assert policy.size(*size, "x") == annotated_data.resized_size(*size, resize)
    np.testing.assert_allclose(policy.place(box, *size)[:4], annotated_data.resized_box(box[:4], *size, resize),
                               atol=1e-12)
    if policy.size(*size, "x")[0] >= 1:
        np.testing.assert_allclose(policy.extrapolated(box, *size, WHOLE)[:4],
                                   annotated_data.extrapolated_box(box[:4], *size, WHOLE[:4], resize), rtol=1e-9)


@examples(40)
@given(resize=RESIZES, size=st.tuples(SIDES, SIDES), crop=boxes(), mirror=st.booleans(),
       members=st.lists(st.tuples(st.integers(1, 3), boxes()), max_size=5), constraint=st.none() | CONSTRAINTS)
def test_the_boxes_of_an_image_in_the_end(resize, size, crop, mirror, members, constraint):
    """As AnnotatedData goes about it, from the resizing on."""
    resize = {**resize, "height_scale": 0}
    policy = ResizePolicy(options(schema.ResizeParameter, resize))
    members = sorted(members, key=lambda member: member[0])
    found = [Object(label, number, policy.place(box, *size)) for number, (label, box) in enumerate(members)]
    found = seen(found, crop, options(schema.EmitConstraint, constraint) if constraint else None)
    found = [one._replace(box=one.box.mirrored()) if mirror else one for one in found]
    groups = {label: [] for label, _ in members}
    for number, (label, box) in enumerate(members):
        groups[label].append((number, box[:4], box.difficult))
    wanted = annotated_data.labels([annotated_data.transformed_annotations(
        list(groups.items()), crop[:4], size=size, resize=resize, mirror=mirror, emit_constraint=constraint)])

    rows = [(0, one.label, one.instance, *one.box) for one in found] or [(-1,) * 8]
    np.testing.assert_allclose(np.array(rows, float).reshape(1, 1, -1, 8), wanted, atol=1e-12)


BOUNDS = st.none() | st.integers(0, 10).map(lambda number: number / 10)
SORTS = [f"{side}_{sort}" for side in ("min", "max")
         for sort in ("jaccard_overlap", "sample_coverage", "object_coverage")]


@examples(60)
@given(bounds=st.fixed_dictionaries(dict.fromkeys(SORTS, BOUNDS)), sample=boxes(),
       objects=st.lists(boxes(), max_size=3))
def test_which_windows_count(bounds, sample, objects):
    given_bounds = {name: value for name, value in bounds.items() if value is not None}
    texts = " ".join(f"{name}: {value}" for name, value in given_bounds.items())
    sampler = BatchSampler(schema.view(schema.parse_text(f"sample_constraint {{ {texts} }}", schema.BatchSampler)))
    # A bound of single precision is not the one of double precision.
    rounded = {name: float(np.float32(value)) for name, value in given_bounds.items()}

    found, = sampler.count(np.array([sample[:4]]), np.array([box[:4] for box in objects]).reshape(-1, 4))
    assert found == annotated_data.satisfies(sample[:4], [box[:4] for box in objects], **rounded)


class Drawn(Stream):
    """A stream that gives these numbers, as parts of the range that is asked for."""

    def __init__(self, *parts):
        self.parts = list(parts)

    def uniform(self, count, low, high):
        return np.array([low + self.parts.pop(0) * (high - low) for _ in range(count)], np.float32)


PARTS = st.floats(0, 1, width=16)


@examples(40)
@given(parts=st.tuples(PARTS, PARTS, PARTS, PARTS))
def test_windows_by_what_is_drawn(parts):
    bounds = "sampler { min_scale: 0.25 max_scale: 1 min_aspect_ratio: 0.25 max_aspect_ratio: 4 } max_trials: 1"
    window, = BatchSampler(schema.view(schema.parse_text(bounds, schema.BatchSampler))).windows([], Drawn(*parts))
    scale, ratio = 0.25 + 0.75 * parts[0], 0.25 + 3.75 * parts[1]
    width, height = annotated_data.sampled_extent(scale, ratio)
    wanted = annotated_data.sampled_box(scale, ratio, parts[2] * (1 - width), parts[3] * (1 - height))

    np.testing.assert_allclose(window[:4], wanted, atol=1e-6)


@examples(60)
@given(size=st.tuples(SIDES, SIDES), parts=st.tuples(PARTS, PARTS, PARTS),
       means=st.sampled_from([[], [7.5], [1, 2, 3]]))
def test_larger_frames(size, parts, means):
    image = pixels(*size, 3)
    param = schema.TransformationParameter(expand_param=schema.ExpansionParameter(max_expand_ratio=3))
    found = Framing(schema.view(param), np.array(means, np.float32)).expanded(
        AnnotatedImage(image, [Object(1, 2, Box(0.25, 0.25, 0.75, 0.5))]), Drawn(0, *parts), "x")
    ratio = np.float32(1 + 2 * parts[0])
    height, width = annotated_data.expanded_size(*size, ratio)
    top, left = int(np.float32(parts[1] * (height - size[0]))), int(np.float32(parts[2] * (width - size[1])))
    window = annotated_data.expanded_box(*size, ratio, top, left)

    np.testing.assert_array_equal(found.image, ssd_images.expanded(image, ratio, top, left, means))
    np.testing.assert_allclose(found.objects[0].box[:4], ssd_boxes.project(window, (0.25, 0.25, 0.75, 0.5)), atol=1e-9)


@examples(30)
@given(size=st.tuples(SIDES, SIDES), box=boxes())
def test_what_is_cut_out(size, box):
    assume(box.clipped().size > 0)
    image = pixels(*size, 3)
    top, left, height, width = annotated_data.crop_of(box[:4], *size)
    assume(height and width)        # of less than a pixel one is left, where SSD's OpenCV fails
    param = schema.view(schema.TransformationParameter())

    np.testing.assert_array_equal(Framing(param, np.zeros(0)).cropped(AnnotatedImage(image, []), box).image,
                                  image[top:top + height, left:left + width])


@examples(40)
@given(size=st.tuples(st.integers(2, 30), st.integers(2, 30)), new=st.tuples(st.integers(5, 30), st.integers(5, 30)),
       mode=st.sampled_from(["CONSTANT", "MIRRORED", "REPEAT_NEAREST"]), values=st.sampled_from([[], [3.5], [1, 2, 3]]))
def test_padded_images(size, new, mode, values):
    resize = {"height": new[0], "width": new[1], "resize_mode": "FIT_LARGE_SIZE_AND_PAD"}
    height, width, top, left = ssd_images.padding(*size, resize)
    assume(height and width)
    text = f"""height: {new[0]} width: {new[1]} resize_mode: FIT_LARGE_SIZE_AND_PAD pad_mode: {mode}
      interp_mode: NEAREST """ + " ".join(f"pad_value: {value}" for value in values)
    policy = ResizePolicy(schema.view(schema.parse_text(text, schema.ResizeParameter)))
    inner = resize_nearest(pixels(*size, 3), height, width)

    np.testing.assert_array_equal(policy.apply(pixels(*size, 3), Stream(1), "x"),
                                  ssd_images.padded(inner, *new, top, left, mode, values))


@examples(60)
@given(old=st.tuples(SIDES, SIDES), new=st.tuples(SIDES, SIDES))
def test_labels_of_the_nearest_pixel(old, new):
    """But for places that are whole numbers, of which OpenCV's factor of double precision may make one less."""
    label = pixels(*old)
    unsure = [np.flatnonzero(np.arange(1, after) * before % after == 0) + 1 for before, after in zip(old, new)]
    found, wanted = resize_nearest(label, *new), dense_image_data.nearest(label, *new)

    for array in (found, wanted):
        array[unsure[0]] = 0
        array[:, unsure[1]] = 0
    np.testing.assert_array_equal(found, wanted)


def test_noise_and_distortions():
    image = pixels(17, 23, 3)
    for found, wanted, most in [
            (noise.Noise(options(schema.NoiseParameter, {"decolorize": "true"})).apply(image, None, "x"),
             ssd_images.gray(image), 1),       # OpenCV's shares have 15 bits
            (noise.Noise(options(schema.NoiseParameter, {"posterize": "true"})).apply(image, None, "x"),
             ssd_images.posterized(image), 0),
            (noise.Noise(options(schema.NoiseParameter, {"inverse": "true"})).apply(image, None, "x"),
             ssd_images.inverted(image), 0),
            (noise.eroded(image), ssd_images.eroded(image), 0),
            (noise.blurred(image), ssd_images.blurred(image), 2),      # OpenCV's weights have 8 bits
            (noise.equalized(image[:, :, 0]), ssd_images.equalized(image[:, :, 0]), 0),
            (distortion.linear(image, 1, -20.3), ssd_images.adjust_brightness(image, -20.3), 0),
            (distortion.linear(image, 1.25, 0), ssd_images.adjust_contrast(image, 1.25), 0),
            # A hue of 180 steps and a saturation of 255 are a colour nearly.
            (distortion.saturated(image, 0.6), ssd_images.adjust_saturation(image, 0.6), 6),
            (distortion.turned(image, 11), ssd_images.adjust_hue(image, 11), 6)]:
        assert np.abs(found.astype(float) - wanted).max() <= most
