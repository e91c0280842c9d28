"""Data layers whose labels are images: what they feed is written here in NumPy and OpenCV, by the forks' sources."""

from __future__ import annotations

import numpy as np
import pytest
from datasets import file_bytes, mean_file, pixels
from feeding import assert_goes_on, assert_same, batches
from fork_references.dense_image_data import dense_image_data

from cae_caffe.errors import InputError

cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")

HEIGHT, WIDTH, COUNT = 8, 9, 5


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory with COUNT colour images and label images of 21 classes, and pairs.txt, their list."""
    monkeypatch.chdir(tmp_path)
    for i in range(COUNT):
        (tmp_path / f"i{i}.png").write_bytes(file_bytes(pixels(HEIGHT, WIDTH, 3, seed=i)))
        (tmp_path / f"l{i}.png").write_bytes(file_bytes(pixels(HEIGHT, WIDTH, seed=50 + i) % 21))
    (tmp_path / "pairs.txt").write_text("".join(f"i{i}.png l{i}.png\n" for i in range(COUNT)))
    return tmp_path


def image(i):
    """As OpenCV reads it: (height, width, 3), blue first."""
    return cv2.imread(f"i{i}.png", cv2.IMREAD_COLOR)


def label(i):
    return cv2.imread(f"l{i}.png", cv2.IMREAD_GRAYSCALE)


def planes(pixels_of_image):
    return pixels_of_image.transpose(2, 0, 1).astype(np.float32)


def dense(more="", transform="", batch=2):
    return f"""layer {{ name: "d" type: "DenseImageData" top: "data" top: "label" transform_param {{ {transform} }}
      dense_image_data_param {{ source: "pairs.txt" batch_size: {batch} {more} }} }}"""


def seg(more="", transform="", batch=2, kind="ImageSegData", tops=3):
    names = "".join(f'top: "{name}" ' for name in ("data", "label", "size")[:tops])
    return f"""layer {{ name: "d" type: "{kind}" {names} transform_param {{ {transform} }}
      image_data_param {{ batch_size: {batch} {more if "source" in more else 'source: "pairs.txt" ' + more} }} }}"""


def labelmap(more="", transform="", batch=2):
    return seg(more, transform, batch, "ImageLabelmapData", 2)


def examples(found):
    """The data and labels of batches, one after the other."""
    return [(data, labels) for batch in found for data, labels in zip(batch["data"], batch["label"])]


@pytest.mark.parametrize("layer", [dense(), seg("label_type: PIXEL", tops=2)])
def test_pairs_come_in_the_lists_order_over_and_over(layer):
    for number, (data, labels) in enumerate(examples(batches(layer))):
        np.testing.assert_array_equal(data, planes(image(number % COUNT)))
        np.testing.assert_array_equal(labels, label(number % COUNT)[None])


@pytest.mark.parametrize("layer", [dense("new_height: 13 new_width: 6"),
                                   seg("label_type: PIXEL new_height: 13 new_width: 6")])
def test_images_are_resized_linearly_and_labels_by_the_nearest_pixel(layer):
    for number, (data, labels) in enumerate(examples(batches(layer, 2))):
        np.testing.assert_array_equal(data, planes(cv2.resize(image(number), (6, 13))))
        np.testing.assert_array_equal(
            labels[0], cv2.resize(label(number), (6, 13), interpolation=cv2.INTER_NEAREST))


def test_labels_of_a_part_of_the_size(folder):
    (folder / "l0.png").write_bytes(file_bytes(pixels(30, 40, seed=3) % 21))
    found, = batches(dense("new_height: 16 new_width: 24 label_divide_factor: 4", batch=1), 1)

    assert found["data"].shape == (1, 3, 16, 24)
    np.testing.assert_array_equal(found["label"][0, 0], cv2.resize(label(0), (6, 4), interpolation=cv2.INTER_NEAREST))


def places(data, labels, i):
    """Where in image `i` the data of an example are from: mirrored, row, column; they must be the labels' as well."""
    _, height, width = data.shape
    for mirrored in (False, True):
        whole = planes(image(i))[:, :, ::-1] if mirrored else planes(image(i))
        whole_labels = label(i)[:, ::-1] if mirrored else label(i)
        for row in range(HEIGHT - height + 1):
            for column in range(WIDTH - width + 1):
                window = np.s_[row:row + height, column:column + width]
                if np.array_equal(whole[(slice(None), *window)], data):
                    np.testing.assert_array_equal(labels[0], whole_labels[window])
                    return mirrored, row, column
    raise AssertionError("these data are no part of the image")


@pytest.mark.parametrize("layer", [
    dense("mirror: true crop_height: 5 crop_width: 4"), dense("", "mirror: true crop_size: 5"),
    seg("label_type: PIXEL", "mirror: true crop_size: 5"),
    seg("label_type: PIXEL", "mirror: true crop_height: 5 crop_width: 4")])
def test_crops_and_mirrors_are_the_labels_too(layer):
    found = {places(*example, number % COUNT) for number, example in enumerate(examples(batches(layer, 30)))}

    assert {mirrored for mirrored, _, _ in found} == {False, True}
    assert {row for _, row, _ in found} == set(range(HEIGHT - 5 + 1))
    assert len({column for _, _, column in found}) >= WIDTH - 5 + 1


@pytest.mark.parametrize("layer", [dense("crop_height: 5 crop_width: 4"), dense("", "crop_height: 5 crop_width: 4"),
                                   seg("label_type: PIXEL", "crop_height: 5 crop_width: 4")])
def test_in_phase_test_the_crop_is_the_middle_one(layer):
    assert {places(*example, number) for number, example in enumerate(examples(batches(layer, 2, "TEST")))} == {
        (False, 1, 2)}


def test_the_mean_and_the_scale_are_the_images_alone(folder):
    mean = np.arange(3 * HEIGHT * WIDTH).reshape(3, HEIGHT, WIDTH) % 200
    (folder / "mean").write_bytes(mean_file(mean))
    for transform, subtracted in [("mean_value: 3 mean_value: 4 mean_value: 5", np.array([3, 4, 5])[:, None, None]),
                                  ('mean_file: "mean"', mean)]:
        found, = batches(dense("", f"{transform} scale: 0.5"), 1)
        np.testing.assert_array_equal(found["data"][1], (planes(image(1)) - subtracted) * np.float32(0.5))
        np.testing.assert_array_equal(found["label"][1, 0], label(1))


@pytest.mark.parametrize(("phase", "mirrored"), [("TRAIN", True), ("TEST", True), ("TEST", False)])
def test_items_by_the_forks_source(phase, mirrored):
    text = "crop_height: 5 crop_width: 4" + (" mirror: true" if mirrored else "")
    for number, (data, labels) in enumerate(examples(batches(dense(text, "mean_value: 30 scale: 0.25"), 6, phase))):
        i = number % COUNT
        pixels_only = data * 4 + 30
        is_mirrored, row, column = places(pixels_only, labels, i)
        wanted = dense_image_data(image(i), label(i), mirror=is_mirrored, crop_height=5, crop_width=4, top=row,
                                  left=column, mean_value=[30], scale=0.25)
        np.testing.assert_array_equal(data, wanted[0])
        np.testing.assert_array_equal(labels, wanted[1])


def test_grey_images():
    found, = batches(dense("is_color: false"), 1)

    np.testing.assert_array_equal(found["data"][1, 0], cv2.imread("i1.png", cv2.IMREAD_GRAYSCALE))


def test_single_pairs_of_other_sizes(folder):
    (folder / "i1.png").write_bytes(file_bytes(pixels(4, 7, 3)))
    (folder / "l1.png").write_bytes(file_bytes(pixels(4, 7) % 3))
    found = batches(dense(batch=1), 3)

    assert [batch["label"].shape for batch in found] == [(1, 1, 8, 9), (1, 1, 4, 7), (1, 1, 8, 9)]


@pytest.mark.parametrize(("text", "wanted"), [("label_type: IMAGE", [7, 255, 0]), ("label_type: NONE", [255] * 3),
                                              ("label_type: NONE ignore_label: 9", [9] * 3)])
def test_one_label_for_all_pixels(folder, text, wanted):
    (folder / "list.txt").write_text("i0.png 7\ni1.png 300 x\n\ni2.png -4\n")

    for (_, labels), one in zip(examples(batches(seg(f'source: "list.txt" {text}', batch=1), 3)), wanted):
        np.testing.assert_array_equal(labels, np.full((1, HEIGHT, WIDTH), one))


def test_what_a_crop_lacks_is_the_mean_and_ignored():
    found, = batches(seg("label_type: PIXEL ignore_label: 33", "crop_size: 12 mean_value: 100.5", batch=1), 1)

    wanted = np.zeros((3, 12, 12))
    wanted[:, :HEIGHT, :WIDTH] = planes(image(0)) - 100.5
    np.testing.assert_array_equal(found["data"][0], wanted)
    labels = np.full((12, 12), 33)
    labels[:HEIGHT, :WIDTH] = label(0)
    np.testing.assert_array_equal(found["label"][0, 0], labels)
    np.testing.assert_array_equal(found["size"], [[[[HEIGHT, WIDTH]]]])


def test_the_size_is_at_most_the_datas():
    found, = batches(seg("label_type: PIXEL", "crop_height: 6 crop_width: 12"), 1)

    np.testing.assert_array_equal(found["size"].reshape(2, 2), [[6, WIDTH]] * 2)


def test_factors_of_the_size_are_drawn():
    found = batches(seg("label_type: PIXEL", "scale_factors: 1 scale_factors: 1.5", batch=1), 20)
    shapes = {batch["data"].shape[2:] for batch in found}
    assert shapes == {(HEIGHT, WIDTH), (12, 13)}

    for number, batch in enumerate(found):
        i = number % COUNT
        if batch["data"].shape[2] == 12:
            np.testing.assert_array_equal(batch["data"][0], planes(cv2.resize(image(i), (13, 12))))
            np.testing.assert_array_equal(
                batch["label"][0, 0], cv2.resize(label(i), (13, 12), interpolation=cv2.INTER_NEAREST))


@pytest.mark.parametrize(("window", "size"), [((2, 1, 6, 5), ""), ((-3, -2, 4, 10), ""), ((7, 6, 20, 30), ""),
                                              ((20, 20, 22, 21), ""), ((-2, 3, 12, 6), "new_height: 7 new_width: 5")])
def test_windows(folder, window, size):
    (folder / "list.txt").write_text(f"i0.png l0.png {' '.join(map(str, window))}\n")
    found, = batches(seg(f'source: "list.txt" label_type: PIXEL {size}', kind="WindowSegData", batch=1), 1)

    x1, y1, x2, y2 = window
    wide = cv2.copyMakeBorder(image(0), 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    wide_label = cv2.copyMakeBorder(label(0), 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255)
    part = np.s_[y1 + 40:y2 + 41, x1 + 40:x2 + 41]
    wanted, labels = wide[part], wide_label[part]
    if size:
        wanted, labels = cv2.resize(wanted, (5, 7)), cv2.resize(labels, (5, 7), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(found["data"][0], planes(wanted))
    np.testing.assert_array_equal(found["label"][0, 0], labels)


def test_edges_are_where_the_map_is_half_white(folder):
    for i in range(COUNT):
        (folder / f"l{i}.png").write_bytes(file_bytes(pixels(HEIGHT, WIDTH, seed=50 + i)))
    for number, (data, labels) in enumerate(examples(batches(labelmap("new_height: 11 new_width: 5"), 2))):
        np.testing.assert_array_equal(data, planes(cv2.resize(image(number), (5, 11))))
        edges = cv2.resize(label(number), (5, 11))
        np.testing.assert_array_equal(labels[0], np.rint(edges / 255))


@pytest.mark.parametrize("loss", ["SoftmaxWithLoss", "SigmoidCrossEntropyLoss"])
def test_the_loss_tells_whose_maps_they_are(folder, loss):
    """DeepSkeleton's classes are compared in a softmax, HED's edges are not."""
    (folder / "l0.png").write_bytes(file_bytes(np.arange(72, dtype=np.uint8).reshape(8, 9) * 3))
    count = 5 if loss == "SoftmaxWithLoss" else 1
    found, = batches(labelmap(batch=1) + f"""layer {{ name: "c" type: "Convolution" bottom: "data" top: "c"
      convolution_param {{ num_output: {count} kernel_size: 1 }} }}
      layer {{ name: "loss" type: "{loss}" bottom: "c" bottom: "label" top: "loss" }}""", 1)
    greys = label(0)
    classes = sum((greys >= bound).astype(int) for bound in (1, 10, 26, 60)) * (greys < 150)

    np.testing.assert_array_equal(found["label"][0, 0], classes if count == 5 else greys >= 128)


WHOLE_RUNS = {
    "dense": dense("shuffle: true rand_skip: 3 mirror: true crop_height: 5 crop_width: 4"),
    "dense, by transform_param": dense("shuffle: true", "mirror: true crop_size: 5"),
    "labelmap": labelmap("shuffle: true", "mirror: true crop_size: 5"),
    "seg": seg("label_type: PIXEL shuffle: true", "mirror: true crop_size: 7 scale_factors: 1 scale_factors: 0.9"),
}


@pytest.mark.parametrize("kind", WHOLE_RUNS)
def test_a_run_that_goes_on_feeds_what_the_one_that_never_stopped_does(kind):
    assert_goes_on(WHOLE_RUNS[kind])


@pytest.mark.parametrize("seed", [1, 2])
def test_shuffled_as_the_lines_of_image_data(folder, seed):
    (folder / "one.txt").write_text("".join(f"i{i}.png {i}\n" for i in range(COUNT)))
    one = batches('layer { name: "d" type: "ImageData" top: "data" top: "label" image_data_param { source: "one.txt" '
                  'batch_size: 2 shuffle: true rand_skip: 4 } }', seed=seed)
    for layer in (dense("shuffle: true rand_skip: 4"), labelmap("shuffle: true rand_skip: 4")):
        assert_same([{"data": batch["data"]} for batch in batches(layer, seed=seed)],
                    [{"data": batch["data"]} for batch in one])


def test_layers_blocks_of_2014_have_their_names_for_them():
    v1 = """layers { name: "d" type: IMAGE_SEG_DATA top: "data" top: "label"
      image_data_param { source: "pairs.txt" batch_size: 2 label_type: PIXEL } }"""
    assert_same(batches(v1, 2), batches(seg("label_type: PIXEL", tops=2), 2))


@pytest.mark.parametrize(("layer", "match"), [
    (dense("new_height: 3"), "`new_height` is 3 and its `new_width` 0"),
    (dense("crop_height: 3"), "`crop_height` is 3 and its `crop_width` 0"),
    (dense("crop_height: 3 crop_width: 3", "crop_size: 3"), "crops in dense_image_data_param and in transform_param"),
    (dense("label_divide_factor: 0"), "`label_divide_factor` is 0"),
    (dense("label_divide_factor: 2 crop_height: 3 crop_width: 3"), "`label_divide_factor` is 2, and it crops"),
    (dense("label_divide_factor: 4 new_height: 2 new_width: 9"), "more than its `new_height` of 2"),
    (dense("label_divide_factor: 2"), "label image l0.png 9x8; by its `label_divide_factor` of 2 labels must be 4x4"),
    (dense("crop_height: 30 crop_width: 3"), "i0.png is 8 pixels high and 9 wide, too small for a crop of 30 and 3"),
    (dense('mean_file: "x"'), "`mean_file` in dense_image_data_param"),
    (dense("", "scale_factors: 2"), "`scale_factors`, which a layer of type DenseImageData does not take"),
    (dense("", "crop_height: 3"), "`crop_height` and `crop_width` of 3 and 0; give `crop_size`, or a height"),
    (dense("rand_skip: 100"), "it is to skip"),
    (dense(batch=0), "`batch_size` is 0"),
    (seg("label_type: PIXEL", 'mean_file: "x"'), "a `mean_file`, which ImageSegData does not take"),
    (seg("label_type: PIXEL", "scale_factors: 0.01"), "i0.png of 9x8 pixels has 0x0 after"),
    (seg("label_type: PIXEL", "scale_factors: -1"), "`scale_factors` are -1"),
])
def test_options_that_do_not_fit_are_refused(folder, layer, match):
    if "mean_file" in layer:
        (folder / "x").write_bytes(mean_file(np.zeros((3, HEIGHT, WIDTH))))
    with pytest.raises(InputError, match=match):
        batches(layer, 1)


@pytest.mark.parametrize(("lines", "layer", "match"), [
    ("i0.png\n", dense(), "pairs.txt, the list of images, line 1 has 1 word where"),
    ("\ni0.png l0.png x\n", labelmap(), "pairs.txt, the list of images, line 2 has 3 words where"),
    ("", dense(), "pairs.txt is empty; give it a line `image label-image`"),
    ("i0.png\n", seg("label_type: PIXEL"), "line 1 is `i0.png`, and needs 2 words"),
    ("i0.png l0.png 1 2 3\n", seg("label_type: PIXEL", kind="WindowSegData"), "needs 2 words and 4 whole numbers"),
    ("i0.png l0.png 1 2 3 x\n", seg("label_type: PIXEL", kind="WindowSegData"), "needs 2 words and 4 whole numbers"),
    ("i0.png 4 2 3 5\n", seg("label_type: NONE", kind="WindowSegData"), "line 1 has a window from 4, 2 to 3, 5"),
    ("i0.png 0 0 99999999 99999999\n", seg("label_type: NONE", kind="WindowSegData"), "line 1 has a window from 0"),
    *(("i0.png 1 0 0 3 3\ni0.png l0.png 0 0 3 3\n", seg(text, kind=kind), "line 2 has the label l0.png, .*`label_type")
      for text in ("", "label_type: IMAGE") for kind in ("ImageSegData", "WindowSegData")),
    ("i0.png missing.png\n", dense(), "The image .*missing.png cannot be read"),
    ("i0.png pairs.txt\n", labelmap(), "pairs.txt holds no image"),
    ("i0.png small.png\n", dense(), "image i0.png has the size 9x8, and its label image small.png 3x2; they must"),
    ("i0.png small.png\n", seg("label_type: PIXEL"), "label image small.png 3x2; they must agree"),
])
def test_damaged_lists_and_images_are_refused(folder, lines, layer, match):
    (folder / "pairs.txt").write_text(lines)
    (folder / "small.png").write_bytes(file_bytes(pixels(2, 3)))
    with pytest.raises(InputError, match=match):
        batches(layer, 1)
