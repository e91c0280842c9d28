"""TSN's VideoData: what it feeds is found again in the frames, as OpenCV reads and resizes them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from datasets import file_bytes, pixels
from feeding import assert_goes_on, assert_same, batches

from cae_caffe.errors import InputError

cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")

HEIGHT, WIDTH = 20, 24
LENGTHS = [7, 4, 9]
RGB = 'modality: RGB name_pattern: "f_%03d.png"'
FLOW = 'modality: FLOW name_pattern: "w_%c%02d.png"'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory with the videos v0, v1, v2 of LENGTHS frames, and videos.txt, their list."""
    monkeypatch.chdir(tmp_path)
    for video, length in enumerate(LENGTHS):
        (tmp_path / f"v{video}").mkdir()
        for number in range(1, length + 1):
            seed = 100 * video + number
            for name, image in {f"f_{number:03}.png": pixels(HEIGHT, WIDTH, 3, seed=seed),
                                f"w_x{number:02}.png": pixels(HEIGHT, WIDTH, seed=seed + 30),
                                f"w_y{number:02}.png": pixels(HEIGHT, WIDTH, seed=seed + 60)}.items():
                (tmp_path / f"v{video}" / name).write_bytes(file_bytes(image))
    (tmp_path / "videos.txt").write_text("".join(f"v{i} {length} {i + 5}\n" for i, length in enumerate(LENGTHS)))
    return tmp_path


def layer(more=RGB, transform="", batch=1, source="videos.txt"):
    return f"""layer {{ name: "d" type: "VideoData" top: "data" top: "label" transform_param {{ {transform} }}
      video_data_param {{ source: "{source}" batch_size: {batch} {more} }} }}"""


def rgb(video, *numbers):
    """Frames as OpenCV reads them, one behind the other: (channels, height, width)."""
    return np.concatenate([cv2.imread(f"v{video}/f_{number:03}.png").transpose(2, 0, 1) for number in numbers])


def flow(video, *numbers):
    return np.stack([cv2.imread(f"v{video}/w_{axis}{number:02}.png", cv2.IMREAD_GRAYSCALE)
                     for number in numbers for axis in "xy"])


def test_the_middle_of_each_part_in_test():
    found = batches(layer(f"{RGB} num_segments: 2 new_length: 2", batch=3), 2, "TEST")

    wanted = [rgb(0, 2, 3, 5, 6), rgb(1, 1, 2, 3, 4), rgb(2, 2, 3, 6, 7)]
    for batch in found:
        np.testing.assert_array_equal(batch["data"], wanted)
        assert batch["label"].shape == (3, 1, 1, 1) and batch["label"].ravel().tolist() == [5, 6, 7]


def test_the_beginning_where_a_part_is_too_short():
    found, = batches(layer(f"{RGB} num_segments: 3 new_length: 2"), 1, "TEST")
    np.testing.assert_array_equal(found["data"][0], rgb(0, 1, 2, 3, 4, 5, 6))

    found = batches(layer(f"{RGB} num_segments: 3 new_length: 2"), 2, "TRAIN")
    np.testing.assert_array_equal(found[1]["data"][0], rgb(1, 1, 2, 1, 2, 1, 2))


def test_any_frames_of_each_part_in_train():
    starts = [{tuple(start for start in range(1, 8) if np.array_equal(batch["data"][0][6 * part:6 * part + 3],
                                                                      rgb(0, start)))
               for batch in batches(layer(f"{RGB} num_segments: 2 new_length: 2"), 60)[::3]} for part in (0, 1)]

    assert starts == [{(1,), (2,)}, {(4,), (5,)}]


@pytest.mark.parametrize(("more", "channels"), [(RGB, 3), (f"{RGB} grayscale: true", 1), (FLOW, 2)])
def test_kinds_of_frames(more, channels):
    found, = batches(layer(more + " new_height: 9 new_width: 13"), 1, "TEST")
    images = {3: rgb, 2: flow, 1: lambda video, number: cv2.imread(f"v{video}/f_{number:03}.png",
                                                                   cv2.IMREAD_GRAYSCALE)[np.newaxis]}
    resized = [cv2.resize(plane, (13, 9)) for plane in images[channels](0, 4)]

    np.testing.assert_array_equal(found["data"][0], resized)


def test_default_names(folder):
    for name, wanted in (("image_0001.jpg", "RGB"), ("flow_x_0001.jpg", "FLOW"), ("flow_y_0001.jpg", "FLOW")):
        (folder / name).write_bytes(file_bytes(pixels(4, 5, *[3][:wanted == "RGB"]), "JPEG"))
    (folder / "here.txt").write_text(". 1 0\n")

    assert batches(layer("modality: RGB", source="here.txt"), 1)[0]["data"].shape == (1, 3, 4, 5)
    assert batches(layer("", source="here.txt"), 1)[0]["data"].shape == (1, 2, 4, 5)


def test_means_of_groups_of_channels():
    transform = "mean_value: 10 mean_value: 20 mean_value: 30 scale: 0.5"
    found, = batches(layer(f"{RGB} num_segments: 2", transform), 1, "TEST")
    bare, = batches(layer(f"{RGB} num_segments: 2"), 1, "TEST")

    np.testing.assert_array_equal(found["data"][0], (bare["data"][0] - np.array([10, 20, 30] * 2)[:, None, None]) / 2)


def windows(image, sizes, places, crop):
    """Each window of the image that may be fed, by its size, place and whether it is mirrored."""
    for (height, width), mirrored in itertools.product(sizes, (False, True)):
        for row, column in places(HEIGHT - height, WIDTH - width):
            window = image[:, row:row + height, column:column + width]
            resized = np.stack([cv2.resize(plane, (crop, crop)) for plane in window])
            yield (height, width, row, column, mirrored), resized[:, :, ::-1] if mirrored else resized


FIVE = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
THIRTEEN = [*FIVE, (0, 2), (4, 2), (2, 0), (2, 4), (1, 1), (1, 3), (3, 1), (3, 3)]


def quarters(some):
    return lambda rows, columns: {(down * (rows // 4), right * (columns // 4)) for down, right in some}


def anywhere(rows, columns):
    return itertools.product(range(rows + 1), range(columns + 1))


@pytest.mark.parametrize(("transform", "sizes", "places", "kinds"), [
    ("fix_crop: true", [(12, 12)], quarters(FIVE), 10),
    ("fix_crop: true more_fix_crop: true", [(12, 12)], quarters(THIRTEEN), 26),
    ("multi_scale: true", [(a, b) for i, a in enumerate([20, 17, 15, 12]) for j, b in enumerate([20, 17, 15, 12])
                           if abs(i - j) <= 1], anywhere, 60),
    ("multi_scale: true fix_crop: true scale_ratios: 1 scale_ratios: 0.7 max_distort: 0", [(20, 20), (12, 12)],
     quarters(FIVE), 12),
])
def test_windows(folder, transform, sizes, places, kinds):
    """Each image is one of the windows that the options allow, and of these many are drawn."""
    (folder / "one.txt").write_text("v1 1 0\n")
    cut = list(windows(rgb(1, 1), sizes, places, 12))
    seen = set()
    for batch in batches(layer(RGB, f"crop_size: 12 mirror: true {transform}", source="one.txt"), 120):
        matching = {name for name, one in cut if np.array_equal(one, batch["data"][0])}
        assert matching
        seen |= matching
    assert len(seen) >= 0.8 * kinds


def test_flows_turn_round_where_they_are_mirrored():
    image = flow(0, 4)
    found = [batch["data"][0] for batch in batches(layer(FLOW, "is_flow: true mirror: true"), 30, "TEST")[::3]]
    turned = np.stack([255 - image[0], image[1]])[:, :, ::-1]

    kinds = {np.array_equal(one, image): None for one in found}
    assert set(kinds) == {True, False}
    assert all(np.array_equal(one, image) or np.array_equal(one, turned) for one in found)


@pytest.mark.parametrize("more", [f"{RGB} num_segments: 2", f"{RGB} shuffle: true"])
def test_they_go_on_from_a_place(more):
    assert_goes_on(layer(more, "crop_size: 12 mirror: true multi_scale: true", batch=2))


def test_seeds_decide():
    text = layer(RGB, "crop_size: 12 fix_crop: true")
    assert_same(batches(text, 5, seed=3), batches(text, 5, seed=3))


@pytest.mark.parametrize(("more", "transform", "match"), [
    (f"{RGB} new_length: 0", "", "`new_length` is 0"), (f"{RGB} num_segments: 0", "", "`num_segments` is 0"),
    ('modality: RGB name_pattern: "f.png"', "", "`name_pattern` is 'f.png'"),
    ('modality: FLOW name_pattern: "f_%d.png"', "", "%c for x or y"),
    (f"{RGB} new_length: 8", "", "f_008.png"),
    (RGB, "fix_crop: true", "no `crop_size`"), (RGB, "fix_crop: true crop_size: 21", "too small"),
    (RGB, "multi_scale: true crop_size: 9 scale_ratios: 1.5", "`scale_ratios` are 1.5"),
    (RGB, "fix_crop: true crop_size: 9 mean_file: 'm'", "`mean_file` beside"),
])
def test_what_does_not_fit_is_refused(more, transform, match):
    with pytest.raises(InputError, match=match):
        batches(layer(more, transform), 1)


@pytest.mark.parametrize("line", ["v0 7", "v0 7 1 2", "v0 many 1", "v0 7 one"])
def test_lines_that_are_none_are_refused(folder, line):
    (folder / "wrong.txt").write_text(f"v0 7 5\n{line}\n")
    with pytest.raises(InputError, match="line 2 is not a video's folder"):
        batches(layer(source="wrong.txt"), 1)


def test_other_data_layers_refuse_its_options(folder):
    (folder / "list.txt").write_text("v0/f_001.png 1\n")
    with pytest.raises(InputError, match="`multi_scale`, which a layer of type ImageData does not take; VideoData"):
        batches("""layer { name: "d" type: "ImageData" top: "data" top: "label" transform_param { multi_scale: true }
          image_data_param { source: "list.txt" batch_size: 1 } }""", 1)
