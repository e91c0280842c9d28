"""WindowData: the windows of real Caffe to the bit, and the same random numbers after it."""

from __future__ import annotations

import data_batches
import numpy as np
import pytest
import small_training
from conformance import Case, examples
from datasets import file_bytes, mean_file, pixels
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import pycaffe
from cae_caffe.engine import window_file
from cae_caffe.errors import InputError

NET = """
layer {{ name: "d" type: "WindowData" top: "data" top: "label"
  transform_param {{ crop_size: {crop} {transform} }}
  window_data_param {{ source: "windows.txt" batch_size: {batch} {more} }} }}
layer {{ name: "ip" type: "InnerProduct" bottom: "label" top: "ip"
  inner_product_param {{ axis: 0 num_output: 3 weight_filler {{ type: "gaussian" }} }} }}
"""
SIZES = [(30, 40), (41, 23), (24, 33)]        # of a longer one little is left when it is warped, and Caffe dies
MEAN = np.random.RandomState(8).uniform(0, 255, (3, 20, 18)).astype(np.float32)


def windows(count: int, height: int, width: int, seed: int) -> list[str]:
    """Random windows of an image, of any overlap, some at its edges or of a single pixel."""
    random, found = np.random.RandomState(seed), [f"0 0 0 0 {width - 1} {height - 1}", "4 1 0 0 0 0"]
    for _ in range(count):
        xs, ys = (np.sort(random.randint(0, length, 2)) for length in (width, height))
        found.append(f"{random.randint(1, 9)} {random.randint(0, 11) / 10} {xs[0]} {ys[0]} {xs[1]} {ys[1]}")
    return found


def listing(folder: str = "", count: int = 6) -> str:
    """A window file of the images."""
    return "".join(f"# {number}\n{folder}{number}.png\n3\n{height}\n{width}\n{count + 2}\n"
                   + "".join(f"{window}\n" for window in windows(count, height, width, number))
                   for number, (height, width) in enumerate(SIZES))


IMAGES = {f"{number}.png": file_bytes(pixels(*size, 3, seed=number)) for number, size in enumerate(SIZES)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    for name, content in IMAGES.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / "in" / name).write_bytes(content[::-1] if name == "1.png" else content)
    (tmp_path / "in" / "1.png").write_bytes(file_bytes(pixels(50, 50, seed=9), "JPEG"))
    (tmp_path / "windows.txt").write_text(listing())
    (tmp_path / "mean").write_bytes(mean_file(MEAN))
    return tmp_path


def compare(folder, real_caffe, transform="", more="", crop=9, batch=7, phase="TRAIN", passes=4, seed=1):
    (folder / "net.prototxt").write_text(NET.format(transform=transform, batch=batch, more=more, crop=crop))
    data_batches.assert_same(real_caffe, folder, phase=phase, passes=passes, seed=seed)


@pytest.mark.parametrize("transform", ["", "mirror: true", 'mean_file: "mean"', "mean_value: 104.5",
                                       "mirror: true mean_value: 1 mean_value: 2 mean_value: 3"])
@pytest.mark.parametrize("more", ["", "context_pad: 2", 'crop_mode: "square"', 'context_pad: 4 crop_mode: "square"',
                                  "context_pad: 1 scale: 0.0078125"])
def test_windows_are_real_caffes(folder, real_caffe, transform, more):
    compare(folder, real_caffe, transform, more)


@pytest.mark.parametrize("more", ["fg_fraction: 0", "fg_fraction: 1", "fg_fraction: 0.6 fg_threshold: 0.7",
                                  "bg_threshold: 0.1", "fg_threshold: 0.3 bg_threshold: 0.9", "cache_images: true",
                                  'root_folder: "in/"', 'root_folder: "in/" cache_images: true context_pad: 1'])
def test_which_windows_are_taken_of_which_files(folder, real_caffe, more):
    compare(folder, real_caffe, "mirror: true", more, phase="TEST", seed=5)


@pytest.mark.parametrize("crop, context", [(4, 0), (7, 1), (16, 3), (33, 12), (64, 0), (227, 16)])
@pytest.mark.parametrize("mode", ["warp", "square", "other"])
def test_sizes(folder, real_caffe, crop, context, mode):
    compare(folder, real_caffe, "mirror: true", f'context_pad: {context} crop_mode: "{mode}"', crop, 20, passes=2)


def test_the_layout_of_a_window_file_is_free(folder, real_caffe):
    (folder / "a\u3000b.png").write_bytes(IMAGES["0.png"])
    (folder / "windows.txt").write_text(listing().replace("\n", "  ", 20).replace("\n", "\r\n\t", 20) + "\n\n  ")
    compare(folder, real_caffe, passes=2)
    # Numbers name the image, by its place in the file, wherever the windows stand; all numbers may have signs.
    (folder / "windows.txt").write_text("# 1 a\u3000b.png 3 30 40 1 1 +.9e0 2 1 20 6 "
                                        "# 0 2.png 3 24 33 1 0 -1 +1 1 32 7")
    compare(folder, real_caffe, batch=4, passes=2)


def refused(more="", transform="", crop=9, batch=2, file=None, **files) -> Case:
    content = listing() if file is None else file
    return Case(NET.format(transform=transform, batch=batch, more=more, crop=crop), {}, files={
        "windows.txt": content.encode(), "mean": mean_file(MEAN), **IMAGES, **files})


ONE = "# 0\n0.png 3 30 40 2\n1 1 0 0 9 9\n0 0 1 1 5 5\n"
HALF = "fg_fraction: 0.5"


@pytest.mark.parametrize("case, message", [
    (refused(file=""), "windows.txt, the window file, line 1: it is empty"),
    (refused(file=ONE.replace("# 0", "0")), "line 1: `0` stands where the next image should begin with `#`"),
    (refused(file=ONE.replace(" 2\n", " 1\n")), "line 4: `0` stands where the next image .* the number of windows"),
    (refused(file=ONE.replace("1 1 0 0 9 9", "-1 1 0 0 9 9")), "window 1 of the image before has the class -1 "),
    (refused(file=ONE.replace("0 0 1 1 5 5", "2 1 1 1 5 5")), "no window of the background"),
    (refused(file=ONE.replace("1 1 0 0 9 9", "1 0 0 0 9 9")), "no window of an object"),
    (refused(crop=0), "has no `crop_size`"),
    (refused(batch=0), "`batch_size` is 0"),
    (refused(transform='mean_file: "mean" mean_value: 1'), "gives both `mean_file` and `mean_value`"),
    (refused(transform="mean_value: 1 mean_value: 2"), "gives `mean_value` 2 times for 3 channels"),
    (refused(HALF, file=ONE.replace("0 9 9", "0 40 9")), r"0.png: the window from .0, 0. to .40, 9. does not lie"),
    (refused(HALF, file=ONE.replace("0 0 9 9", "-1 0 9 9")), "in the image, which is 40 pixels wide and 30 high"),
    (refused(f"{HALF} context_pad: 1", file=ONE.replace("0 0 9 9", "60 60 65 65")), "does not lie in the image"),
    (refused(f"{HALF} context_pad: 1", file=ONE.replace("0 0 9 9", "0 -60 9 -8")), "nothing is left when it is warped"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_refusals(judge, case, message):
    judge.refused(case, message)


@pytest.mark.parametrize("case, message", [
    (refused(file=ONE + "# 1"), "the file ends where an image's path should stand"),
    (refused(file=ONE + "rest"), "line 5: `rest` stands where the next image should begin"),
    (refused(file=ONE[:-2]), "line 4: the file ends where a window should stand"),
    (refused(file=ONE[:-13]), "line 3: the file ends where a window should stand"),
    (refused(file=ONE.replace("30", "3O")), "`3O` stands where an image's height, a whole number from 0 to"),
    (refused(file=ONE.replace("9 9", "9 99999999")), "a window's y2, a whole number from -16777216 to 16777216"),
    (refused(file=ONE.replace("1 1 0", "1 inf 0")), "`inf` stands where a window's overlap, a number from "),
    (refused(file=ONE.replace("# 0", "# 7")), "windows belong to image number 7, but there are 1 images"),
    (refused(file=ONE.replace(" 3 30", " 1 30")), "gives its last image 1 channels; images are decoded in colour"),
    (refused(file=ONE.replace("0.png", "none.png")), "The image .*none.png cannot be read: No such file"),
    (refused("cache_images: true", file=ONE.replace("0.png", "none.png")), "The image .*none.png cannot be read"),
    (refused(file=ONE.replace("0.png", "windows.txt")), "windows.txt holds no image that Pillow can read"),
    (refused("fg_fraction: 1.5"), "`fg_fraction` is 1.5; give the part of a batch"),
    (refused("context_pad: 5"), "`context_pad` is 5 on each side of a `crop_size` of 9, which leaves nothing"),
    (refused(transform='mean_file: "mean"', crop=19), "`mean_file` mean holds an image of 3x20x18, and of it a window"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_refuses_what_caffe_reads_beyond_its_memory_for_or_leaves_half_done(case, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in {"net.prototxt": case.text.encode(), **case.files}.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        pycaffe.Net("net.prototxt", pycaffe.TRAIN).forward()


WORDS = st.sampled_from(["#", "0", "1", "2", "-1", "0.7", ".3", "1e-2", "1e99", "nan", "x", "0.png", "9" * 40, "\n"])


@examples(150)
@given(content=st.one_of(st.lists(WORDS, max_size=40).map(" ".join).map(str.encode), st.binary(max_size=60),
                         st.builds(lambda cut, more: ONE[:cut].encode() + more, st.integers(0, len(ONE)),
                                   st.binary(max_size=9))))
def test_any_bytes_are_a_window_file_or_an_error_in_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "windows.txt"
    path.write_bytes(content)
    try:
        found = window_file.read(str(path), "", 0.5, 0.5)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert len(found.foreground) and len(found.background)


def test_a_missing_window_file_is_refused(judge):
    case = refused()
    judge.refused(Case(case.text.replace("windows.txt", "none.txt"), {}),
                  "none.txt, the window file, cannot be read .No such file")
    judge.refused(Case(case.text.replace("windows.txt", ""), {}),
                  "it has no `source`, which says where its data are; write it as `window_data_param ")


OLD = {
    "V1": """layers { name: "d" type: WINDOW_DATA top: "data" top: "label" window_data_param {
             source: "windows.txt" batch_size: 5 crop_size: 9 mirror: true context_pad: 1 mean_file: "mean" scale: 0.5
             fg_fraction: 0.4 } }""",
    "V0": """layers { layer { name: "d" type: "window_data" source: "windows.txt" batchsize: 5 cropsize: 9 mirror: true
             det_context_pad: 1 meanfile: "mean" scale: 0.5 det_fg_fraction: 0.4 det_crop_mode: "square" }
             top: "data" top: "label" }""",
}


def old_batch(caffe):
    caffe.set_random_seed(3)
    net = caffe.Net("net.prototxt", caffe.TRAIN)
    net.forward()
    return [net.blobs[name].data.copy() for name in ("data", "label")]


@pytest.mark.parametrize("version", OLD)
def test_layers_of_old_nets(folder, real_caffe, version):
    (folder / "net.prototxt").write_text(OLD[version])
    data_batches.assert_same(real_caffe, folder, old_batch)


TRAINED = """
layer { name: "d" type: "WindowData" top: "data" top: "label" transform_param { crop_size: 9 mirror: true }
  window_data_param { source: "windows.txt" batch_size: 5 context_pad: 1 scale: 0.004 fg_fraction: 0.5 } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 9 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


def test_a_run_that_goes_on_ends_as_one_that_never_stopped(folder, monkeypatch, silent_log):
    monkeypatch.chdir(folder)
    small_training.write(folder, "momentum: 0.9", TRAINED)
    small_training.assert_goes_on(pycaffe, 3, 7)
    (folder / "windows.txt").write_text(listing(count=5))
    other = pycaffe.get_solver("solver.prototxt")
    other.restore("small_iter_3.solverstate")
    with pytest.raises(InputError, match=r"layer `d` cannot go on .* windows of"):
        other.restore_data_position("small_iter_3.solverstate")


@pytest.mark.parametrize("damage, said", [
    ({"images": None}, "it has no `images`"), ({"images": [3, 3]}, "its `images` is .3 3., and must be one number"),
    ({"stream": None}, "it has no `stream`"), ({"stream": [1, 2]}, "none that it can stand at")])
def test_a_damaged_position_is_refused(damage, said, folder, monkeypatch, silent_log):
    monkeypatch.chdir(folder)
    small_training.write(folder, "", TRAINED)
    layer = pycaffe.get_solver("solver.prototxt").net._engine.layers[0]
    place = {**layer.place(), **damage}
    with pytest.raises(InputError, match=said):
        layer.go_to({name: np.array(values) for name, values in place.items() if values is not None})
