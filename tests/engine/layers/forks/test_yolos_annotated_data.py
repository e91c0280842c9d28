"""AnnotatedData as MobileNet-YOLO's nets have it: labels in YOLO's form, and images that lack a part of their sides."""

from __future__ import annotations

import numpy as np
import pytest
from feeding import assert_goes_on, batches
from painted_boxes import OBJECTS, as_rows, layer, rows, write_records

from cae_caffe.errors import InputError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory, with the databases of painted_boxes."""
    monkeypatch.chdir(tmp_path)
    write_records(tmp_path)
    return tmp_path


def yolo_labels(batch, wanted):
    """Whether the labels of YOLO's layout are the wanted objects of each image."""
    assert batch["label"].shape == (len(wanted), 1, 300, 5)
    for found, objects in zip(batch["label"][:, 0], wanted):
        rows = np.array([(label - 1, (xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin, ymax - ymin)
                         for label, _, xmin, ymin, xmax, ymax, _ in objects]).reshape(-1, 5)
        np.testing.assert_allclose(found[:len(rows)], rows, atol=1e-6)
        assert not found[len(rows):].any()


@pytest.mark.parametrize(("more", "kept"), [("", OBJECTS), ("train_diffcult: true", OBJECTS),
                                            ("train_diffcult: false", OBJECTS[:1])])
def test_labels_in_yolos_form(more, kept):
    found, = batches(layer(more=f"yolo_data_type: 1 {more}", batch=2), 1, "TEST")
    wanted = np.zeros((2, 1, 300, 5), np.float32)
    for i, (label, _, xmin, ymin, xmax, ymax, _) in enumerate(kept):
        wanted[:, 0, i] = label - 1, (xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin, ymax - ymin

    np.testing.assert_allclose(found["label"], wanted, rtol=1e-6)


@pytest.mark.parametrize(("more", "resize", "part"), [
    ("yolo_data_jitter: 0.5", "WARP", 0.5), ("yolo_data_type: 1", "WARP", 0.3), ("", "WARP", 0),
    ("yolo_data_jitter: 0.4", "FIT_LARGE_SIZE_AND_PAD", 0.4), ("yolo_data_jitter: 0", "WARP", 0)])
def test_images_lack_a_part_of_their_sides(more, resize, part):
    """How large an object is then, as a part of the image, tells the window's sides."""
    transform = f"resize_param {{ height: 48 width: 64 resize_mode: {resize} }}"
    sides = []
    for batch in batches(layer(transform, more), 60):
        labels = batch["label"]
        box = labels[0, 0, 0, 3:] if "type" in more else labels[0, 0, 0, 5:7] - labels[0, 0, 0, 3:5]
        if labels[0, 0, 0, 0 if "type" in more else 1] == (2 if "type" in more else 3) and (labels[0, 0, 0, 3] > 0):
            sides.append(np.array([6 / 16, 8 / 16]) / box[:2])
    sides = np.array(sides)

    whole = np.isclose(sides, 1, atol=1e-5).all(1)
    assert (whole.all() and not part) or 0.05 < whole.mean() < 0.45
    inside = sides[(sides < 1.001).all(1)]       # of the others the object is cut off
    assert inside.min() >= 1 - part - 1e-5
    if part:
        assert inside.min() < 1 - 0.6 * part
    # A window of whole pixels has not quite the image's shape, and a few objects are cut off.
    assert (np.median(np.abs(inside[:, 0] - inside[:, 1])) < 0.01) == (resize != "WARP" or not part)


WHOLE_IMAGE = "yolo_data_type: 1 batch_sampler { max_sample: 1 max_trials: 1 }"


def test_yolos_labels_of_each_image():
    for number, batch in enumerate(batches(layer(batch=3, source="more", more=WHOLE_IMAGE), 3)):
        yolo_labels(batch, [OBJECTS[:(3 * number + i) % 5 % 3] for i in range(3)])


def test_yolos_difficult_boxes():
    yolo_labels(batches(layer(more=f"{WHOLE_IMAGE} train_diffcult: true"), 1)[0], [OBJECTS])
    yolo_labels(batches(layer(more=f"{WHOLE_IMAGE} train_diffcult: false"), 1)[0], [OBJECTS[:1]])


def test_yolos_jitter_is_drawn_where_there_is_no_sampler():
    of_yolo = [batch["label"][0, 0, 0] for batch in batches(layer(more="yolo_data_type: 1"), 30)]
    given = [rows(batch)[0] for batch in batches(layer(more="yolo_data_jitter: 0.3"), 30)]

    assert len(np.unique(of_yolo, axis=0)) > 15 and len(np.unique(given, axis=0)) > 15


def test_a_plain_layer_has_no_jitter():
    found, = batches(layer(), 1)
    np.testing.assert_array_equal(rows(found), as_rows(OBJECTS))
    found, = batches(layer(more="yolo_data_type: 1 yolo_data_jitter: 0"), 1)
    yolo_labels(found, [OBJECTS])


@pytest.mark.parametrize(("more", "match"), [("yolo_data_type: 2", "`yolo_data_type` is 2"),
                                             ("yolo_data_jitter: 1", "`yolo_data_jitter` is 1")])
def test_yolos_options_that_do_not_fit_are_refused(more, match):
    with pytest.raises(InputError, match=match):
        batches(layer(more=more), 1)


def test_yolos_data_go_on_where_a_snapshot_was_made():
    assert_goes_on(layer(more="yolo_data_type: 1", source="more", batch=2,
                         transform="resize_param { height: 20 width: 20 }"))
