"""TSN's VideoData: what it feeds is found again in the frames, by the fork's source."""

from __future__ import annotations

import numpy as np
import pytest
from datasets import file_bytes, mean_file, pixels
from feeding import assert_goes_on, batches

from cae_caffe.engine.layers.forks.video_data import crop_sizes
from cae_caffe.errors import InputError

cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")

HEIGHT, WIDTH = 10, 12
FRAMES = {"a": 9, "b": 6, "c": 2}       # of each video


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory with three videos' frames, both sorts, and videos.txt, their list."""
    monkeypatch.chdir(tmp_path)
    for video, count in FRAMES.items():
        (tmp_path / video).mkdir()
        for number in range(1, count + 1):
            seed = 100 * ord(video) + 3 * number
            (tmp_path / video / f"image_{number:04}.jpg").write_bytes(file_bytes(pixels(HEIGHT, WIDTH, 3, seed=seed)))
            for i, axis in enumerate("xy"):
                (tmp_path / video / f"flow_{axis}_{number:04}.jpg").write_bytes(
                    file_bytes(pixels(HEIGHT, WIDTH, seed=seed + 1 + i)))
    (tmp_path / "videos.txt").write_text("".join(f"{video} {count} {ord(video) - 97}\n"
                                                 for video, count in FRAMES.items()))
    return tmp_path


def video(more="", transform="", batch=1):
    return f"""layer {{ name: "d" type: "VideoData" top: "data" top: "label" transform_param {{ {transform} }}
      video_data_param {{ source: "videos.txt" batch_size: {batch} {more} }} }}"""


def frames(name, numbers, kind):
    """The channels of these frames, as OpenCV reads them."""
    found = []
    for number in numbers:
        if kind == "FLOW":
            found += [cv2.imread(f"{name}/flow_{axis}_{number:04}.jpg", cv2.IMREAD_GRAYSCALE)[None] for axis in "xy"]
        elif kind == "grey":
            found.append(cv2.imread(f"{name}/image_{number:04}.jpg", cv2.IMREAD_GRAYSCALE)[None])
        else:
            found.append(cv2.imread(f"{name}/image_{number:04}.jpg").transpose(2, 0, 1))
    return np.concatenate(found).astype(np.float32)


KINDS = {"RGB": "modality: RGB", "FLOW": "modality: FLOW", "grey": "modality: RGB grayscale: true"}


@pytest.mark.parametrize("kind", KINDS)
def test_in_phase_test_the_middle_of_each_part(kind):
    """Two parts of each video: of 4, 3 and 1 frames, of which two in a row are from the middle, or the first two."""
    found = batches(video(f"{KINDS[kind]} num_segments: 2 new_length: 2"), 4, "TEST")
    numbers = {"a": [2, 3, 6, 7], "b": [2, 3, 5, 6], "c": [1, 2, 1, 2]}

    for batch, name in zip(found, "abca"):
        assert batch["label"] == [ord(name) - 97]
        np.testing.assert_array_equal(batch["data"][0], frames(name, numbers[name], kind))


def test_in_phase_train_any_place_of_each_part():
    places = set()
    for number, batch in enumerate(batches(video("modality: RGB num_segments: 2 new_length: 2"), 180)):
        if number % 3 == 0:
            data = batch["data"][0]
            places.add(next((one, two) for one in range(1, 4) for two in range(5, 8)
                            if np.array_equal(data, frames("a", [one, one + 1, two, two + 1], "RGB"))))
    assert len(places) == 9


def test_names_and_sizes(folder):
    (folder / "videos.txt").write_text("a 9 4\n")
    for number in range(1, 10):
        (folder / "a" / f"image_{number:04}.jpg").rename(folder / "a" / f"img_{number:05}.png")
    found, = batches(video('modality: RGB name_pattern: "img_%05d.png" new_height: 6 new_width: 15'), 1, "TEST")

    wanted = cv2.resize(cv2.imread("a/img_00005.png"), (15, 6)).transpose(2, 0, 1)
    np.testing.assert_array_equal(found["data"][0], wanted)


def test_means_are_repeated_for_the_frames():
    found, = batches(video("modality: RGB new_length: 3", "mean_value: 10 mean_value: 20 mean_value: 30"), 1, "TEST")

    np.testing.assert_array_equal(found["data"][0], frames("a", [4, 5, 6], "RGB")
                                  - np.tile([10, 20, 30], 3).reshape(9, 1, 1))


def test_mirrored_motions_turn():
    turned = 0
    for number, batch in enumerate(batches(video("new_length: 2", "mirror: true is_flow: true mean_value: 128"), 40,
                                           "TEST")):
        name = "abc"[number % 3]
        whole = frames(name, {"a": [5, 6], "b": [3, 4], "c": [1, 2]}[name], "FLOW")
        mirrored = whole[:, :, ::-1].copy()
        mirrored[::2] = 255 - mirrored[::2]
        data = batch["data"][0] + 128
        turned += np.array_equal(data, mirrored)
        assert np.array_equal(data, whole) or np.array_equal(data, mirrored)
    assert 8 < turned < 32


def corners(rows, columns, height, width, more):
    down, across = (rows - height) // 4, (columns - width) // 4
    fourths = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
    fourths += [(0, 2), (4, 2), (2, 0), (2, 4), (1, 1), (1, 3), (3, 1), (3, 3)] if more else []
    return [(down * row, across * column) for row, column in fourths]


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("scales", [False, True])
def test_crops_at_fixed_places(folder, more, scales):
    (folder / "videos.txt").write_text("a 1 0\n")
    large = pixels(40, 52, 3)
    (folder / "a" / "image_0001.jpg").write_bytes(file_bytes(large))
    text = "fix_crop: true crop_size: 20" + (" more_fix_crop: true" if more else "") \
        + (" multi_scale: true scale_ratios: 1 scale_ratios: 0.5 scale_ratios: 0.8 max_distort: 1" if scales else "")
    image = cv2.imread("a/image_0001.jpg")
    # 40, 20 and 32, those of places next to each other together.
    sizes = [(40, 40), (40, 20), (20, 40), (20, 20), (20, 32), (32, 20), (32, 32)] if scales else [(20, 20)]
    wanted = {}
    for size in sizes:
        for row, column in corners(40, 52, *size, more):
            part = image[row:row + size[0], column:column + size[1]]
            wanted[cv2.resize(part, (20, 20)).tobytes()] = (size, row, column)
    seen = {batch["data"][0].transpose(1, 2, 0).astype(np.uint8).tobytes()
            for batch in batches(video("modality: RGB", text), 60 if not scales else 150)}

    assert seen <= wanted.keys()
    assert len(seen) > 0.8 * len(wanted)
    assert len({wanted[one][0] for one in seen}) == len(sizes)
    middle, = batches(video("modality: RGB", text), 1, "TEST")
    np.testing.assert_array_equal(middle["data"][0], image[10:30, 16:36].transpose(2, 0, 1))


def test_sizes_near_the_crop_are_the_crops():
    assert crop_sizes(256, (224, 224), (1, 0.875, 0.75, 0.66), 0) == [(256, 256), (224, 224), (192, 192), (168, 168)]
    assert crop_sizes(255, (224, 224), (1, 0.875), 0) == [(255, 255), (224, 224)]
    assert len(crop_sizes(256, (224, 224), (1, 0.875, 0.75, 0.66), 1)) == 10


@pytest.mark.parametrize(("more", "transform"), [
    ("modality: RGB shuffle: true num_segments: 2 rand_skip: 2", "crop_size: 7 mirror: true"),
    ("new_length: 2", "crop_size: 7 mirror: true is_flow: true fix_crop: true more_fix_crop: true multi_scale: true")])
def test_a_run_that_goes_on_feeds_what_the_one_that_never_stopped_does(more, transform):
    assert_goes_on(video(more, transform, batch=2))


@pytest.mark.parametrize(("layer", "match"), [
    (video("new_length: 0"), "`new_length` is 0"),
    (video("", "fix_crop: true"), "`fix_crop` or `multi_scale`, and no `crop_size`"),
    (video("", "fix_crop: true crop_size: 11"), "The video a is 10 pixels high and 12 wide, too small"),
    (video("", "multi_scale: true crop_size: 5 scale_ratios: 2"), "`scale_ratios` are 2"),
    (video("", "multi_scale: true crop_size: 5 max_distort: -1"), "`max_distort` is -1"),
    (video('modality: RGB name_pattern: "x%s"'), "`name_pattern` `x%s` does not name a frame"),
    (video('name_pattern: "flow_%05d"'), "of FLOW one is such as `flow_%c_%04d.jpg`"),
    (video("new_length: 20"), "The image .*a/flow_x_0010.jpg cannot be read"),
    (video("", 'mean_file: "mean"'), "compute the mean from images of this size"),
    (video("", "resize_param { height: 3 width: 3 }"), "does not take"),
])
def test_what_does_not_fit_is_refused(folder, layer, match):
    (folder / "mean").write_bytes(mean_file(np.zeros((2, 3, 3))))
    with pytest.raises(InputError, match=match):
        batches(layer, 1)


@pytest.mark.parametrize(("lines", "match"), [
    ("a 9\n", "line 1 is `a 9`, and needs a folder"), ("\na x 3\n", "line 2 is `a x 3`"), ("", "is empty"),
    ("a -1 3\n", "line 1"), ("none 3 3\n", "The image .*none/flow_x_0001.jpg cannot be read")])
def test_damaged_lists_are_refused(folder, lines, match):
    (folder / "videos.txt").write_text(lines)
    with pytest.raises(InputError, match=match):
        batches(video(), 1)


def test_frames_of_two_sizes_are_refused(folder):
    (folder / "a" / "flow_y_0005.jpg").write_bytes(file_bytes(pixels(4, 5)))
    with pytest.raises(InputError, match=r"a/flow_y_0005\.jpg is 4 pixels high and 5 wide, and the frames before 10"):
        batches(video("new_length: 9"), 1)


def test_other_data_layers_do_not_take_it(folder):
    (folder / "list.txt").write_text("a/image_0001.jpg 0\n")
    with pytest.raises(InputError, match="`fix_crop`, which a layer of type ImageData does not take; VideoData would"):
        batches('layer { name: "d" type: "ImageData" top: "data" top: "label" transform_param { fix_crop: true } '
                'image_data_param { source: "list.txt" } }', 1)
