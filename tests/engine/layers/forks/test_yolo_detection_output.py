"""What finds boxes in YOLO's maps, against the fork's formula, and OpenCV's reader of Darknet's nets."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_references.yolo_detection_output import yolo_detection_output, yolov3_detection_output
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

CLASSES = 3
BIASES = [1.0, 0.75, 2.5, 1.5, 1.25, 3.5]              # in cells
PIXELS = [10.0, 13.0, 30.0, 16.0, 23.0, 33.0, 61.0, 30.0]


def maps(batch: int, channels: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return values(batch, channels, height, width, low=-2.5, high=2.5, seed=seed)


def text_of(message: str, options: dict) -> str:
    fields = [f"{name}: {str(value).lower()}" for name, given in options.items()
              for value in (given if isinstance(given, list) else [given])]
    return f"{message} {{ {' '.join(fields)} }}"


def detected(text: str, bottoms) -> np.ndarray:
    found, = run_embedded(Case(text, bottoms, backward=False))
    return found["top0.data"]


def same(found: np.ndarray, wanted: np.ndarray) -> None:
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@examples(30)
@given(batch=st.integers(1, 2), sides=st.lists(st.integers(1, 3), min_size=1, max_size=2), seed=st.integers(0, 999),
       confidence=st.sampled_from([0.01, 0.4, 0.9999]), nms=st.sampled_from([0.1, 0.45, 2.0]))
def test_yolo_detection_output(batch, sides, seed, confidence, nms):
    options = {"num_classes": CLASSES, "num_box": 3, "biases": BIASES, "confidence_threshold": confidence,
               "nms_threshold": nms}
    bottoms = [maps(batch, 24, side, side, seed + i) for i, side in enumerate(sides)]

    same(detected('type: "YoloDetectionOutput" ' + text_of("yolo_detection_output_param", options), bottoms),
         yolo_detection_output([bottom.astype(np.float64) for bottom in bottoms], **options))


@examples(40)
@given(batch=st.integers(1, 2), sizes=st.lists(st.tuples(st.integers(1, 2), st.integers(1, 3)), min_size=1, max_size=3),
       seed=st.integers(0, 999), confidence=st.sampled_from([0.01, 0.3, 0.9999]), nms=st.sampled_from([0.1, 0.45, 2.0]),
       gaussian=st.booleans())
def test_yolov3_detection_output(batch, sizes, seed, confidence, nms, gaussian):
    options = {"num_classes": CLASSES, "num_box": 2, "biases": PIXELS, "confidence_threshold": confidence,
               "nms_threshold": nms, "mask": [2, 3, 0, 1, 1, 2][:2 * len(sizes)], "gaussian_box": gaussian,
               "anchors_scale": [32, 16, 8][:len(sizes)]}
    channels = 2 * ((9 if gaussian else 5) + CLASSES)
    bottoms = [maps(batch, channels, *size, seed + i) for i, size in enumerate(sizes)]

    same(detected('type: "Yolov3DetectionOutput" ' + text_of("yolov3_detection_output_param",
                                                             {**options, "mask_group_num": len(sizes)}), bottoms),
         yolov3_detection_output([bottom.astype(np.float64) for bottom in bottoms], **options))


def test_nothing_found_and_other_sizes_later():
    text = ('type: "Yolov3DetectionOutput" yolov3_detection_output_param { num_classes: 3 num_box: 1 mask: 0 '
            'mask_group_num: 1 anchors_scale: 32 biases: 10 biases: 20 confidence_threshold: 0.5 }')
    nothing, much = np.full((3, 8, 2, 2), -9, np.float32), np.full((1, 8, 3, 3), 9, np.float32)
    much[:, 2:4] = -3

    first, second, third = run_embedded(Case(text, [nothing], then=[[much], [nothing[:1]]], backward=False))

    assert first["top0.data"].tolist() == [[[[float(image), *[-1] * 6] for image in range(3)]]]
    assert second["top0.data"].shape == (1, 1, 9, 7)        # of each place, one class suppresses the others
    assert third["top0.data"].shape == (1, 1, 1, 7)


def darknet(section: str, bottom: np.ndarray) -> np.ndarray:
    """OpenCV's boxes before any is suppressed: rows x, y, w, h, something there, and confidences of the classes."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install \"opencv-python-headless<5\"")
    _, channels, height, width = bottom.shape
    net = f"[net]\nbatch=1\nchannels={channels}\nheight={height}\nwidth={width}\n{section}\n"
    read = cv2.dnn.readNetFromDarknet(np.frombuffer(net.encode(), np.uint8),
                                      np.frombuffer(np.zeros(5, np.int32).tobytes(), np.uint8))
    read.setInput(bottom)
    return np.array(read.forward())


def suppressed_by_opencv(boxes: np.ndarray, confidences: np.ndarray, threshold: float, nms: float) -> list[int]:
    import cv2

    corners = np.column_stack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]])
    return [int(i) for i in np.ravel(cv2.dnn.NMSBoxes(corners.tolist(), confidences.tolist(), threshold, nms))]


def test_opencvs_region_finds_the_same():
    options = {"num_classes": CLASSES, "num_box": 3, "biases": BIASES, "confidence_threshold": 0.2}
    bottom = maps(1, 24, 4, 4)
    bottom.reshape(3, 8, 4, 4)[:, 2:4] -= 4         # boxes so small that they do not meet, for Region suppresses some
    theirs = darknet(f"[region]\nanchors={','.join(map(str, BIASES))}\nclasses=3\ncoords=4\nnum=3\nsoftmax=1\n"
                     "thresh=0.0001\n", bottom).reshape(-1, 8)
    confidence = theirs[:, 5:].max(1)
    kept = suppressed_by_opencv(theirs[:, :4], confidence, 0.2, 0.45)

    found = detected('type: "YoloDetectionOutput" ' + text_of("yolo_detection_output_param", options), [bottom])[0, 0]

    assert len(found) == len(kept) > 3
    np.testing.assert_allclose(found[:, 2], confidence[kept], rtol=1e-5)
    assert np.array_equal(found[:, 1], theirs[kept, 5:].argmax(1) + 1)
    np.testing.assert_allclose((found[:, 3:5] + found[:, 5:]) / 2, theirs[kept, :2], atol=1e-6)
    np.testing.assert_allclose(found[:, 5:] - found[:, 3:5], theirs[kept, 2:4], atol=1e-6)


def test_opencvs_yolo_finds_the_same():
    options = {"num_classes": CLASSES, "num_box": 2, "biases": PIXELS, "confidence_threshold": 0.3, "mask": [1, 3],
               "mask_group_num": 1, "anchors_scale": 32}
    bottom = maps(1, 16, 3, 4)
    cells = ",".join(str(length / 32) for length in PIXELS)
    theirs = darknet(f"[yolo]\nmask=1,3\nanchors={cells}\nclasses=3\nnum=4\nthresh=0.0001\n", bottom).reshape(-1, 8)
    boxes, confidence = np.repeat(theirs[:, :4], CLASSES, axis=0), theirs[:, 5:].reshape(-1)
    kept = suppressed_by_opencv(boxes, confidence, 0.3, 0.45)

    found = detected('type: "Yolov3DetectionOutput" ' + text_of("yolov3_detection_output_param", options),
                     [bottom])[0, 0]

    assert len(found) == len(kept) > 3
    np.testing.assert_allclose(found[:, 2], confidence[kept], rtol=1e-5)
    assert np.array_equal(found[:, 1], np.array(kept) % CLASSES + 1)
    np.testing.assert_allclose((found[:, 3:5] + found[:, 5:]) / 2, boxes[kept, :2], atol=1e-6)
    np.testing.assert_allclose(found[:, 5:] - found[:, 3:5], boxes[kept, 2:], rtol=1e-5, atol=1e-6)


def second(further: str) -> str:
    return f'type: "YoloDetectionOutput" yolo_detection_output_param {{ {further} }}'


def third(further: str) -> str:
    return f'type: "Yolov3DetectionOutput" yolov3_detection_output_param {{ {further} }}'


SOUND = "num_classes: 3 num_box: 1 biases: 1 biases: 2 "


@pytest.mark.parametrize(("text", "shapes", "match"), [
    (second("num_box: 1 biases: 1 biases: 2"), [(1, 25, 2, 2)], "`num_classes` is not given"),
    (second("num_classes: 3 num_box: 1"), [(1, 8, 2, 2)], "`biases` are none"),
    (second(SOUND + "coords: 5"), [(1, 8, 2, 2)], "`coords: 5`"),
    (second(SOUND), [(1, 9, 2, 2)], "8 channels"), (second(SOUND), [(1, 8, 2, 3)], "as high as it is wide"),
    (second(SOUND), [(1, 8, 2, 2), (2, 8, 2, 2)], "as many images"),
    (third(SOUND + "mask: 0 anchors_scale: 8"), [(1, 8, 2, 2)], "`mask_group_num: 2`"),
    (third(SOUND + "mask: 0 mask_group_num: 1"), [(1, 8, 2, 2)], "`anchors_scale`"),
    (third(SOUND + "mask_group_num: 1 anchors_scale: 8"), [(1, 8, 2, 2)], "`mask` is .."),
    (third(SOUND + "mask: 1 mask_group_num: 1 anchors_scale: 8"), [(1, 8, 2, 2)], "2 anchors"),
    (third(SOUND + "mask: 0 mask_group_num: 1 anchors_scale: 8"), [(1, 9, 2, 2)], "8 channels"),
    (third(SOUND + "mask: 0 mask_group_num: 0 anchors_scale: 8"), [(1, 8, 2, 2)], "`mask_group_num: 0`"),
])
def test_options_that_do_not_fit_are_refused(text, shapes, match):
    with pytest.raises(InputError, match=match):
        detected(text, [np.zeros(shape, np.float32) for shape in shapes])
