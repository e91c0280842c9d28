"""SSD's DetectionEvaluate."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.detection_evaluate import detection_evaluate
from hypothesis import given
from hypothesis import strategies as st
from ssd_made import boxes

from cae_caffe import schema
from cae_caffe.engine.net import Net
from cae_caffe.errors import InputError

SIZES = [(40, 30), (25, 60), (33, 33)]
RESIZES = [None, {"resize_mode": "WARP", "height": 20, "width": 30},
           {"resize_mode": "FIT_LARGE_SIZE_AND_PAD", "height": 20, "width": 30},
           {"resize_mode": "FIT_SMALL_SIZE", "height": 20, "width": 30, "height_scale": 40, "width_scale": 40}]
CHOICES = {"overlap_threshold": st.sampled_from([0.2, 0.7]), "evaluate_difficult_gt": st.booleans(),
           "background_label_id": st.sampled_from([0, 2])}


def rows(images: int, seed: int, background: int):
    """Detections near ground truths, and the truths: of each image some; (1, 1, D, 7) and (1, 1, G, 8)."""
    random = np.random.RandomState(seed)
    labels = [label for label in range(3) if label != background]
    found, wanted = [], []
    for image in range(images):
        truths = boxes(random.randint(0, 4), random)
        wanted += [[image, random.choice(labels), 0, *box, random.randint(2)] for box in truths]
        near = [*truths, *truths, *boxes(2, random)]
        found += [[image, random.choice(labels), 0, *(box + random.uniform(-0.05, 0.05, 4))] for box in near]
    found = np.reshape(found, (1, 1, -1, 7))
    found[..., 2] = random.permutation(np.linspace(0, 1, found.shape[2]))
    wanted.append([-1] * 8)
    return [np.float32(found), np.reshape(wanted, (1, 1, -1, 8)).astype(np.float32)]


def layer(options, further="") -> str:
    text = " ".join(f"{name}: {str(value).lower()}" for name, value in options.items())
    return f'type: "DetectionEvaluate" detection_evaluate_param {{ {text} {further} }}'


@st.composite
def chosen(draw):
    return {"num_classes": 3, **{name: draw(value) for name, value in CHOICES.items() if draw(st.booleans())}}


@examples(40)
@given(options=chosen(), images=st.integers(1, 3), seed=st.integers(0, 1000))
def test_all_options(options, images, seed):
    made = rows(images, seed, options.get("background_label_id", 0))

    hold(Case(layer(options), made, backward=False, then=[rows(1, seed + 1, options.get("background_label_id", 0))]),
         lambda given, params: [detection_evaluate(*given, **options)])


@examples(40)
@given(seed=st.integers(0, 1000), resize=st.sampled_from(RESIZES))
def test_boxes_in_pixels(seed, resize):
    shown = f"resize_param {{ {' '.join(f'{name}: {value}' for name, value in resize.items())} }}" if resize else ""
    sizes = "".join(f"image{number} {height} {width}\n" for number, (height, width) in enumerate(SIZES))
    case = Case(layer({"num_classes": 3, "name_size_file": '"sizes.txt"'}, shown), rows(2, seed, 0), backward=False,
                files={"sizes.txt": sizes.encode()})

    hold(case, lambda given, params: [detection_evaluate(*given, num_classes=3, sizes=SIZES, resize=resize)])


def test_each_image_has_its_line_also_without_a_detection():
    box = [0, 0, 0.5, 0.5]
    found = np.float32([[[[1, 1, 0.9, *box]]]])
    wanted = np.float32([[[[0, 1, 0, *box, 0], [1, 1, 0, 0, 0, 0.5, 0.4, 0]]]])
    sizes = {"sizes.txt": b"first 1 1\n second 100 100\n"}      # in the first's pixels the overlap were 1

    result, = run_embedded(Case(layer({"num_classes": 2, "overlap_threshold": 0.9, "name_size_file": '"sizes.txt"'}),
                                [found, wanted], backward=False, files=sizes))

    assert result["top0.data"][0, 0].tolist() == [[-1, 1, 2, -1, -1], [1, 1, pytest.approx(0.9), 0, 1]]


@pytest.mark.parametrize(("options", "match"), [
    ({}, "num_classes` is missing"), ({"num_classes": 3, "overlap_threshold": 0}, "overlap_threshold` is 0"),
    ({"num_classes": 3, "name_size_file": '"none.txt"'}, "none.txt cannot be read"),
    ({"num_classes": 3, "name_size_file": '"bad.txt"'}, "bad.txt:2.*NAME HEIGHT WIDTH"),
    ({"num_classes": 3, "name_size_file": '"empty.txt"'}, "holds no image"), ({"num_classes": 2}, "label 2.*0 to 1")])
def test_refusals(options, match):
    files = {"bad.txt": b"a 1 2\nb 3\n", "empty.txt": b"\n"}
    with pytest.raises(InputError, match=match):
        run_embedded(Case(layer(options), rows(3, 5, 0), files=files))


def test_a_resizing_to_no_size_is_refused():
    with pytest.raises(InputError, match="`height` of 0"):
        run_embedded(Case(layer({"num_classes": 3}, "resize_param { width: 4 }"), rows(1, 1, 0)))


def test_rows_of_another_width_are_refused():
    with pytest.raises(InputError, match=r"\(1, 1, number, 7\)"):
        run_embedded(Case(layer({"num_classes": 3}), [values(1, 1, 2, 8), values(1, 1, 2, 8)]))


def test_a_run_that_goes_on_has_the_next_images_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sizes.txt").write_text("a 1 1\nb 100 100\n")
    made = {"found": np.float32([[[[0, 1, 0.9, 0, 0, 0.5, 0.5]]]]),
            "truths": np.float32([[[[0, 1, 0, 0, 0, 0.5, 0.4, 0]]]])}
    text = "".join(f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ dim: 1 dim: 1 dim: 1 '
                   f'dim: {array.shape[3]} }} }} }} ' for name, array in made.items())
    text += 'layer { name: "e" bottom: "found" bottom: "truths" top: "e" ' + layer(
        {"num_classes": 2, "overlap_threshold": 0.9, "name_size_file": '"sizes.txt"'}) + " }"

    def right(net):
        for name, array in made.items():
            net.blobs[net.blob_names.index(name)].host_data()[...] = array
        net.forward()
        return float(net.outputs[0][1].data[0, 0, 1, 3])

    first, second = (Net(schema.parse_net(text), "made") for _ in range(2))
    assert right(first) == 1    # in one pixel all is one
    second.layers[-1].go_to(first.layers[-1].place())
    assert right(second) == 0
