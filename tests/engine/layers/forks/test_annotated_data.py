"""AnnotatedData, and SSD's options of transform_param in Data and ImageData. What is fed is found again in the pixels:
objects are painted, and boxes must lie where they are seen.
"""

from __future__ import annotations

import numpy as np
import pytest
from datasets import annotated, encoded, file_bytes, pixels, raw, write_leveldb, write_lmdb
from feeding import assert_goes_on, assert_same, batches
from painted_boxes import HEIGHT, OBJECTS, PAINT, WIDTH, as_rows, layer, painted, png, rows, write_records

from cae_caffe.errors import InputError

cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")

@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory, with the databases of painted_boxes."""
    monkeypatch.chdir(tmp_path)
    write_records(tmp_path)
    return tmp_path


def test_images_and_a_row_for_each_box():
    """Five records in batches of two, over and over; a batch without boxes has one row of -1."""
    for number, batch in enumerate(batches(layer(batch=2, source="more"), 5)):
        records = [(2 * number + i) % 5 for i in range(2)]
        wanted = [as_rows(OBJECTS[:record % 3], i) for i, record in enumerate(records) if record % 3]
        np.testing.assert_array_equal(rows(batch), np.concatenate(wanted) if wanted else np.full((1, 8), -1))
        for record, data in zip(records, batch["data"]):
            np.testing.assert_array_equal(data, pixels(20, 24, 3, seed=record).transpose(2, 0, 1))


def test_no_box_at_all(folder):
    write_lmdb(folder / "empty", [annotated(png(painted()))])
    found, = batches(layer(source="empty", batch=2), 1)

    np.testing.assert_array_equal(found["label"], np.full((1, 1, 1, 8), -1))


def test_without_a_type_labels_are_the_datums(folder):
    write_lmdb(folder / "plain", [annotated(encoded(file_bytes(pixels(4, 5, 3)), i + 4), OBJECTS, typed=False)
                                  for i in range(3)])
    found, = batches(layer(source="plain", batch=3), 1)
    np.testing.assert_array_equal(found["label"], [4, 5, 6])

    found, = batches(layer(source="plain", more="anno_type: BBOX"), 1)
    np.testing.assert_array_equal(rows(found), as_rows(OBJECTS))


def test_one_top_and_values_that_are_not_encoded(folder):
    write_lmdb(folder / "raw", [annotated(raw(pixels(3, 6, 7)), OBJECTS)])
    found, = batches(layer(source="raw", tops=""), 1)

    assert list(found) == ["data"]
    np.testing.assert_array_equal(found["data"][0], pixels(3, 6, 7))


def test_leveldb(folder):
    write_leveldb(folder / "level", [annotated(png(painted()), OBJECTS)])
    assert_same(batches(layer(source="level", backend="LEVELDB"), 2), batches(layer(), 2))


# What an image goes through; each must leave boxes where the objects are seen, a pixel more or less.
CHANGES = {
    "warp": "resize_param { height: 60 width: 40 }",
    "warp, all interpolations": "resize_param { height: 60 width: 40 interp_mode: LINEAR interp_mode: AREA "
                                "interp_mode: NEAREST interp_mode: CUBIC interp_mode: LANCZOS4 }",
    "fit small": "resize_param { height: 60 width: 60 resize_mode: FIT_SMALL_SIZE }",
    "fit large and pad": "resize_param { height: 60 width: 60 resize_mode: FIT_LARGE_SIZE_AND_PAD pad_value: 100 }",
    "fit large and pad beside": "resize_param { height: 30 width: 90 resize_mode: FIT_LARGE_SIZE_AND_PAD "
                                "pad_value: 100 pad_value: 101 pad_value: 99 }",
    "mirror": "mirror: true",
    "crop": "crop_h: 40 crop_w: 50",
    "crop of a square": "crop_size: 44 mirror: true",
    "resize, crop and mirror": "mirror: true crop_size: 50 resize_param { height: 60 width: 60 interp_mode: NEAREST }",
    "expand": "expand_param { prob: 1 max_expand_ratio: 3 } mean_value: 100 mean_value: 100 mean_value: 100 "
              "resize_param { height: 90 width: 90 interp_mode: NEAREST }",
    "expand, and more": "mirror: true expand_param { max_expand_ratio: 2 } mean_value: 100 crop_size: 70 "
                        "resize_param { height: 90 width: 90 interp_mode: NEAREST }",
}
SAMPLERS = {
    "none": "",
    "yolo's jitter": "yolo_data_jitter: 0.5",
    "the whole": "batch_sampler { max_sample: 1 max_trials: 1 }",
    "windows": "batch_sampler { sampler { min_scale: 0.6 max_scale: 1 min_aspect_ratio: 0.5 max_aspect_ratio: 2 } "
               "max_sample: 1 max_trials: 50 }",
    "over an object": "batch_sampler { sampler { min_scale: 0.4 max_scale: 1 min_aspect_ratio: 0.5 max_aspect_ratio: 2 "
                      "} sample_constraint { min_jaccard_overlap: 0.2 } max_sample: 3 max_trials: 50 }",
}


def where(data, label, mean):
    """The fractions between which an object's paint is seen, and their error; None if it is not."""
    paint = np.array(PAINT[label], np.float32).reshape(3, 1, 1)
    seen = np.abs(data + mean - paint).max(0) < 90
    if not seen.any():
        return None
    ys, xs = (np.flatnonzero(seen.any(axis)) for axis in (1, 0))
    height, width = seen.shape
    return np.array([xs[0] / width, ys[0] / height, (xs[-1] + 1) / width, (ys[-1] + 1) / height]), height, width


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("change", CHANGES)
def test_boxes_lie_where_objects_are_seen(folder, change, sampler):
    transform = CHANGES[change]
    # Windows and larger frames have whole pixels of the image as it was, so that these must be small.
    is_cut = sampler not in ("none", "the whole") or "expand" in change
    if is_cut and "resize_param" not in transform:
        transform += " resize_param { height: 52 width: 60 interp_mode: NEAREST }"
    if is_cut:
        write_lmdb(folder / "large", [annotated(png(painted(shape=(6 * HEIGHT, 6 * WIDTH))), OBJECTS)])
    mean = 100 if "mean_value" in transform else 0
    difficult = {label: bool(hard) for label, *_, hard in OBJECTS}
    seen_at_all = 0
    for batch in batches(layer(transform, SAMPLERS[sampler], source="large" if is_cut else "records"), 8):
        data = batch["data"][0]
        boxes = {int(row[1]): row for row in rows(batch) if row[0] == 0}
        for label, instance, *_ in OBJECTS:
            found = where(data, label, mean)
            if label not in boxes:
                # Of what is cut off by a pixel or less there is no box.
                assert found is None or min((found[0][2] - found[0][0]) * found[2],
                                            (found[0][3] - found[0][1]) * found[1]) <= 2.5
                continue
            _, _, number, *corners, hard = boxes[label]
            assert (number, bool(hard)) == (instance, difficult[label])
            if found is not None:
                seen_at_all += 1
                place, height, width = found
                np.testing.assert_allclose(corners, place, rtol=0, atol=1.6 * max(1 / height, 1 / width))
    assert seen_at_all >= 6


def test_pixels_are_opencvs():
    found, = batches(layer("resize_param { height: 31 width: 17 } mean_value: 9 scale: 0.5"), 1)
    wanted = (cv2.resize(painted(), (17, 31)).transpose(2, 0, 1).astype(np.float32) - 9) * np.float32(0.5)

    np.testing.assert_array_equal(found["data"][0], wanted)


def test_an_expanded_image_has_the_mean_around(folder):
    image = pixels(10, 12, 3)
    write_lmdb(folder / "one", [annotated(png(image), OBJECTS)])
    transform = "expand_param { max_expand_ratio: 3 } mean_value: 10 mean_value: 20.5 mean_value: 30"
    means = np.array([10, 20.5, 30]).reshape(3, 1, 1)
    sizes = set()
    for batch in batches(layer(transform, source="one"), 20):
        whole = (batch["data"][0] + means).transpose(1, 2, 0)
        sizes.add(whole.shape[:2])
        inside = (whole != [10, 20, 30]).any(2)         # OpenCV rounds 20.5 to the even number
        ys, xs = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
        np.testing.assert_array_equal(whole[ys[0]:ys[-1] + 1, xs[0]:xs[-1] + 1], image)
    assert len(sizes) > 10 and max(sizes) <= (30, 36)


def test_expansion_by_chance():
    shapes = [batch["data"].shape[2:] for batch in batches(layer("expand_param { prob: 0.5 max_expand_ratio: 2 }"), 40)]
    assert 8 < shapes.count((HEIGHT, WIDTH)) < 32


@pytest.mark.parametrize(("constraint", "labels"), [
    ("emit_type: CENTER", [3]), ("emit_type: MIN_OVERLAP emit_overlap: 0.3", [3, 7]),
    ("emit_type: MIN_OVERLAP emit_overlap: 0.5", [3]), ("emit_type: MIN_OVERLAP emit_overlap: 0.7", [-1]),
    ("", [3]), (None, [3, 7])])
def test_boxes_are_held_back(constraint, labels):
    """The middle crop has two thirds of the first object and two fifths of the second."""
    transform = "crop_h: 48 crop_w: 32" if constraint is None else \
        f"crop_h: 48 crop_w: 32 emit_constraint {{ {constraint} }}"
    found, = batches(layer(transform), 1, phase="TEST")

    assert rows(found)[:, 1].tolist() == labels


def test_boxes_by_a_scale_of_their_own():
    """FIT_SMALL_SIZE makes 60 x 80 pixels of the image; its boxes are fractions of 40 x 50."""
    found, = batches(layer("resize_param { height: 60 width: 60 resize_mode: FIT_SMALL_SIZE height_scale: 40 "
                           "width_scale: 50 }"), 1)
    wanted = as_rows(OBJECTS)
    wanted[:, 3:7] *= np.array([80 / 50, 60 / 40, 80 / 50, 60 / 40])

    np.testing.assert_allclose(rows(found), wanted, rtol=1e-6)


DISTORT = """distort_param { brightness_prob: 0.5 brightness_delta: 32 contrast_prob: 0.5 contrast_lower: 0.5
  contrast_upper: 1.5 hue_prob: 0.5 hue_delta: 18 saturation_prob: 0.5 saturation_lower: 0.5 saturation_upper: 1.5
  random_order_prob: 0.1 }"""


def test_colours_are_distorted():
    found = batches(layer(DISTORT), 20)

    assert len({batch["data"].tobytes() for batch in found}) > 15
    for batch in found:
        np.testing.assert_array_equal(rows(batch), as_rows(OBJECTS))


def test_a_size_is_drawn_for_ten_batches():
    policies = " ".join(f"resize_param {{ height: {size} width: {size} prob: 0.25 }}" for size in (20, 24, 28, 32))
    sizes = [batch["data"].shape[2] for batch in batches(layer(policies), 80)]

    for ten in range(0, 80, 10):
        assert len(set(sizes[ten:ten + 10])) == 1
    assert len(set(sizes)) > 2


ALL = DISTORT + """ mirror: true scale: 0.007843 mean_value: 127.5 mean_value: 127.5 mean_value: 127.5
  resize_param { prob: 1 resize_mode: WARP height: 30 width: 30 interp_mode: LINEAR interp_mode: AREA
    interp_mode: NEAREST interp_mode: CUBIC interp_mode: LANCZOS4 }
  noise_param { saltpepper: true saltpepper_param { fraction: 0.1 value: 255 } }
  emit_constraint { emit_type: CENTER }
  expand_param { prob: 0.5 max_expand_ratio: 4 } crop_size: 27"""
TENS = "resize_param { height: 30 width: 30 prob: 0.5 } resize_param { height: 20 width: 20 prob: 0.5 }"


@pytest.mark.parametrize(("transform", "more"), [(ALL, " ".join(SAMPLERS.values()) + ' label_map_file: "none"'),
                                                 (TENS, "yolo_data_type: 1 yolo_data_jitter: 0.4")])
def test_a_run_that_goes_on_feeds_what_the_one_that_never_stopped_does(transform, more):
    assert_goes_on(layer(transform, more, batch=2, source="more"), before=7, after=16)


# SSD's options in Caffe's own layers.


@pytest.mark.parametrize("transform", ["resize_param { height: 13 width: 9 }",
                                       "resize_param { height: 13 width: 9 } crop_size: 8 mirror: true",
                                       "noise_param { inverse: true }"])
def test_data_and_image_data_take_sizes_and_noise(folder, transform):
    image = pixels(20, 24, 3)
    (folder / "i.png").write_bytes(file_bytes(image))
    (folder / "list.txt").write_text("i.png 4\n")
    write_lmdb(folder / "datums", [encoded(file_bytes(image), 4)])
    write_lmdb(folder / "values", [raw(np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1)), 4)])
    texts = ['type: "ImageData" image_data_param { source: "list.txt" batch_size: 2 }',
             *(f'type: "Data" data_param {{ source: "{name}" batch_size: 2 backend: LMDB }}'
               for name in ("datums", "values"))]
    found = [batches(f'layer {{ name: "d" {text} top: "data" top: "label" transform_param {{ {transform} }} }}', 3)
             for text in texts]

    assert_same(found[0], found[1])
    assert_same(found[0], found[2])
    if "crop" not in transform:
        blue_first = np.ascontiguousarray(image[:, :, ::-1])
        wanted = cv2.resize(blue_first, (9, 13)) if "resize" in transform else 255 - blue_first
        np.testing.assert_array_equal(found[0][0]["data"][1], wanted.transpose(2, 0, 1))


@pytest.mark.parametrize(("text", "match"), [
    ("distort_param { hue_prob: 1 }", "`distort_param`, which a layer of type Data does not take; AnnotatedData would"),
    ("emit_constraint { }", "`emit_constraint`, which a layer of type Data does not take"),
    ("resize_param { height: 3 width: 3 } resize_param { height: 4 width: 4 }", "has 2 `resize_param`s"),
    ("resize_param { height: 3 width: 3 }", "Record `00000000` .* has values of single precision")])
def test_data_takes_no_other(folder, text, match):
    write_lmdb(folder / "floats", [raw(np.zeros((1, 4, 5), np.float32))])
    with pytest.raises(InputError, match=match):
        batches(f'layer {{ name: "d" type: "Data" top: "data" transform_param {{ {text} }} data_param {{ '
                'source: "floats" batch_size: 1 backend: LMDB } }', 1)


@pytest.mark.parametrize(("text", "match"), [
    (layer("expand_param { max_expand_ratio: 1 }"), "`max_expand_ratio` of 1; give a number above 1"),
    (layer("expand_param { max_expand_ratio: 1e6 }"), "too large to be expanded"),
    (layer("crop_h: 3"), "`crop_h` and `crop_w` of 3 and 0"),
    (layer("crop_size: 100"), "Record `00000000` .* too small for `crop_size: 100`"),
    (layer("resize_param { }"), "a `height` of 0"),
    (layer("resize_param { height: 4 width: 4 resize_mode: FIT_SMALL_SIZE }", batch=2), "FIT_SMALL_SIZE each image"),
    (layer("resize_param { height: 4 width: 4 prob: 0.5 } resize_param { height: 4 width: 4 prob: 0.6 }"),
     "probabilities 0.5, 0.6; their sum must be 1"),
    (layer("resize_param { height: 4 width: 4 resize_mode: FIT_SMALL_SIZE height_scale: 40 width_scale: 50 }"),
     "a `width_scale` of 50 and a `height_scale` of 40, larger than a crop"),
    (layer(more="batch_sampler { sampler { min_scale: 0 } }"), "scales from 0 to 1"),
    (layer(more="batch_sampler { sampler { max_scale: 1.5 } }"), "scales from 1 to 1.5"),
    (layer(more="batch_sampler { sampler { min_aspect_ratio: 2 } }"), "aspect ratios from 2 to 1"),
    (layer("scale_factors: 2"), "`scale_factors`, which a layer of type AnnotatedData does not take"),
    (layer(source=""), "has no `source`"),
])
def test_options_that_do_not_fit_are_refused(text, match):
    with pytest.raises(InputError, match=match):
        batches(text, 1)


@pytest.mark.parametrize(("record", "match"), [
    (b"\xff\xff\xff", "Record `00000001` of the LMDB damaged is no AnnotatedDatum"),
    (raw(pixels(1, 2, 3)), "is no AnnotatedDatum with an image"),
    (annotated(encoded(b"no image"), OBJECTS), "Record `00000001` of the LMDB damaged holds no image"),
    (annotated(encoded(file_bytes(pixels(5, 5, 3))[:60]), OBJECTS), "holds no image that Pillow can read"),
    (annotated(raw(np.zeros((3, 48, 64), np.float32)), OBJECTS), "has values of single precision"),
    (annotated(png(painted()), OBJECTS, typed=False), "has no `type` of its annotations"),
    (annotated(png(painted(shape=(9, 9))), OBJECTS), "has shape 3x9x9, and the first of its batch 3x48x64")])
def test_damaged_records_are_refused(folder, record, match):
    write_lmdb(folder / "damaged", [annotated(png(painted()), OBJECTS), record])
    with pytest.raises(InputError, match=match):
        batches(layer(source="damaged", batch=2), 1)


def test_odd_boxes_are_left_out_or_cut_off(folder):
    odd = [(3, 0, float("nan"), 0, 1, 1, False), (3, 1, 0.5, 0.5, 0.2, 0.9, False), (3, 2, -5, 0.5, 1e30, 0.75, False),
           (3, 3, 2, 2, 3, 3, False)]
    write_lmdb(folder / "odd", [annotated(png(painted()), odd)])
    found, = batches(layer(source="odd"), 1)

    np.testing.assert_array_equal(rows(found), [[0, 3, 2, 0, 0.5, 1, 0.75, 0]])
