"""YOLO's losses against the fork's formulas: Darknet's gradient, which by design is not the loss's derivative."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import agree
from fork_references.yolo_losses import region_loss, yolov3
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

FLOAT32 = {"tolerance": 3e-5, "reason": "exponentials and quotients of float32, where the reference has float64"}
CLASSES = 3
BIASES = [1.0, 0.75, 2.5, 1.5, 1.25, 3.5]              # in cells
PIXELS = [10.0, 13.0, 30.0, 16.0, 23.0, 33.0, 61.0, 30.0]


def maps(batch: int, anchors: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return values(batch, anchors * (5 + CLASSES), height, width, low=-1.5, high=1.5, seed=seed)


def labels(batch: int, boxes: int, seed: int, room: int = 2) -> np.ndarray:
    """Up to so many boxes an image, of which some have one centre; zeros behind them."""
    random = np.random.RandomState(seed)
    found = np.zeros((batch, 1, boxes + room, 5), np.float32)
    for image in range(batch):
        number = random.randint(0, boxes + 1)
        found[image, 0, :number] = np.column_stack([
            random.randint(0, CLASSES, number), random.choice([0.13, 0.37, 0.52, 0.81], (number, 2)),
            random.uniform(0.05, 0.9, (number, 2))])
    return found


def text_of(message: str, options: dict) -> str:
    def written(value):
        return str(value).lower() if isinstance(value, bool) else value

    fields = [f"{name}: {written(value)}" for name, given in options.items()
              for value in (given if isinstance(given, list) else [given])]
    return f"{message} {{ {' '.join(fields)} }}"


def judge(text: str, bottom: np.ndarray, label: np.ndarray, loss: float, diff: np.ndarray) -> None:
    agree(Case(f"{text} loss_weight: 2", [bottom, label]),
          {"top0.data": loss, "bottom0.diff": diff * 2 / len(bottom)}, **FLOAT32)


@examples(40)
@given(batch=st.integers(1, 3), side=st.integers(1, 5), boxes=st.integers(0, 5), seed=st.integers(0, 999),
       thresh=st.sampled_from([0.1, 0.4]), bias_match=st.booleans(), rescore=st.booleans())
def test_region_loss(batch, side, boxes, seed, thresh, bias_match, rescore):
    options = {"num": 3, "num_class": CLASSES, "biases": BIASES, "thresh": thresh, "object_scale": 5.0,
               "noobject_scale": 0.75, "class_scale": 1.5, "coord_scale": 1.25, "bias_match": int(bias_match),
               "rescore": int(rescore)}
    bottom, label = maps(batch, 3, side, side, seed), labels(batch, boxes, seed)

    judge('type: "RegionLoss" ' + text_of("region_loss_param", options), bottom, label,
          *region_loss(bottom.astype(np.float64), label.astype(np.float64), **options))


@examples(60)
@given(batch=st.integers(1, 3), height=st.integers(1, 5), width=st.integers(1, 5), boxes=st.integers(0, 5),
       seed=st.integers(0, 999), thresh=st.sampled_from([0.1, 0.5]), mask=st.sampled_from([[0, 1], [2, 3], [3, 0, 2]]),
       iou_loss=st.sampled_from(["MSE", "IOU", "GIOU", "DIOU", "CIOU"]),
       further=st.fixed_dictionaries({}, optional={
           "use_logic_gradient": st.just(True), "use_focal_loss": st.just(True), "iou_normalizer": st.just(0.5),
           "iou_thresh": st.sampled_from([0.2, 1.0]), "max_delta": st.just(0.25), "accumulate": st.just(False),
           "label_smooth_eps": st.sampled_from([0.0, 0.2]), "object_scale": st.just(5.0), "class_scale": st.just(1.5),
           "coord_scale": st.just(1.25)}))
def test_yolov3(batch, height, width, boxes, seed, thresh, mask, iou_loss, further):
    options = {"num_class": CLASSES, "biases": PIXELS, "mask": mask, "anchors_scale": 16, "thresh": thresh,
               "iou_loss": iou_loss, **further}
    bottom, label = maps(batch, len(mask), height, width, seed), labels(batch, boxes, seed)

    judge('type: "Yolov3" ' + text_of("yolov3_param", {"num": len(mask), **options}), bottom, label,
          *yolov3(bottom.astype(np.float64), label.astype(np.float64), **options))


DEFAULTS = {
    "RegionLoss": ('type: "RegionLoss" region_loss_param { biases: 1 biases: 2 num: 1 num_class: 3 }',
                   lambda bottom, label: region_loss(bottom, label, biases=[1, 2], num=1, num_class=3)),
    "Yolov3": ('type: "Yolov3" yolov3_param { biases: 20 biases: 40 num: 1 mask: 0 num_class: 3 }',
               lambda bottom, label: yolov3(bottom, label, biases=[20, 40], mask=[0], num_class=3)),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_and_other_sizes_later(name):
    text, reference = DEFAULTS[name]
    passes = [[maps(2, 1, 3, 3), labels(2, 3, seed=3)], [maps(4, 1, 2, 2), labels(4, 6, seed=4)],
              [maps(1, 1, 5, 5), labels(1, 1, seed=5)]]

    found = run_embedded(Case(text, passes[0], then=passes[1:]))

    for results, (bottom, label) in zip(found, passes):
        loss, diff = reference(bottom.astype(np.float64), label.astype(np.float64))
        np.testing.assert_allclose(results["top0.data"], loss, rtol=1e-5)
        np.testing.assert_allclose(results["bottom0.diff"], diff / len(bottom), atol=3e-5 * np.abs(diff).max())


def test_a_step_down_the_gradient_makes_the_loss_less():
    """What each way of learning places and sizes hands down leads to better boxes."""
    label = np.array([[[[1, 0.4, 0.6, 0.3, 0.5], [0] * 5]]], np.float32)
    for iou_loss in ("MSE", "IOU", "GIOU", "DIOU", "CIOU"):
        text = 'type: "Yolov3" ' + text_of("yolov3_param", {
            "num": 2, "num_class": CLASSES, "biases": PIXELS, "mask": [2, 3], "anchors_scale": 16,
            "iou_loss": iou_loss})
        bottom, losses = maps(1, 2, 3, 3), []
        for _ in range(40):
            found, = run_embedded(Case(text, [bottom, label]))
            losses.append(float(found["top0.data"]))
            bottom = bottom - 0.05 * found["bottom0.diff"]
        assert losses[-1] < 0.5 * losses[0], iou_loss


def region(**changed) -> str:
    return 'type: "RegionLoss" ' + text_of("region_loss_param", {"num": 1, "num_class": 3, "biases": [1, 2], **changed})


def third(**changed) -> str:
    options = {"num": 1, "num_class": 3, "mask": [0], "biases": [10, 20], **changed}
    return 'type: "Yolov3" ' + text_of("yolov3_param", options)


@pytest.mark.parametrize(("text", "match"), [
    (region(biases=[]), "`biases` are none"), (region(biases=[1]), "`biases` are 1;"),
    (region(biases=[1, 0]), "above 0"), (region(coords=5), "`coords: 5`"), (region(softmax=0), "`softmax: 0`"),
    (region(softmax_tree="'t'"), "`softmax_tree`"), (region(class_map="'m'"), "`class_map`"),
    (region(num=2), "`biases`"), (region(num_class=4), "9 values"),
    (third(mask=[]), "`mask` is ..;"), (third(mask=[1]), "2 anchors"), (third(num=2), "as many as `num: 2`"),
    (region(num_class=0), "`num_class` is 0"), (third(num_class=0), "`num_class` is 0"),
    (third(anchors_scale=0), "`anchors_scale` is 0"), (third(num_class=4), "9 values"),
])
def test_options_that_do_not_fit_are_refused(text, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(text, [maps(1, 1, 3, 3), labels(1, 1, seed=0)]))


@pytest.mark.parametrize("text", [region(), third()])
@pytest.mark.parametrize(("row", "match"), [
    ([3, 0.5, 0.5, 0.1, 0.1], "image 1 .* class, x, y, w, h 3, 0.5.*0 to 2"), ([-1, 0.5, 0.5, 0.1, 0.1], "0 to 2"),
    ([0, 1, 0.5, 0.1, 0.1], "below 1"), ([0, 0.5, -0.1, 0.1, 0.1], "below 1"), ([0, 0.5, 0.5, 0.1, 0], "above 0"),
    ([0, 0.5, 0.5, 0.1, np.nan], "above 0"), ([np.nan, 0.5, 0.5, 0.1, 0.1], "nan"),
])
def test_labels_that_are_none_are_refused(text, row, match):
    label = np.zeros((2, 1, 3, 5), np.float32)
    label[1, 0, 0] = row
    with pytest.raises(InputError, match=match):
        run_embedded(Case(text, [maps(2, 1, 3, 3), label]))


@pytest.mark.parametrize("text", [region(), third()])
@pytest.mark.parametrize(("bottoms", "match"), [
    ([maps(2, 1, 3, 3), np.zeros((1, 1, 3, 5), np.float32)], "2 images"),
    ([maps(2, 1, 3, 3), np.zeros((2, 1, 3, 4), np.float32)], "boxes of 5 values"),
    ([maps(2, 1, 3, 3)[0], np.zeros((2, 1, 3, 5), np.float32)], "four axes"),
    ([maps(2, 1, 0, 0), np.zeros((2, 1, 3, 5), np.float32)], "a row and a column"),
])
def test_shapes_that_do_not_fit_are_refused(text, bottoms, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(text, bottoms))


def test_maps_of_region_loss_are_square():
    with pytest.raises(InputError, match="as high as it is wide"):
        run_embedded(Case(region(), [maps(2, 1, 3, 4), labels(2, 1, seed=0)]))


def test_labels_get_no_gradient():
    net = (f'layer {{ name: "power" type: "Power" bottom: "bottom1" top: "label" }} layer {{ name: "loss" {third()} '
           'bottom: "bottom0" bottom: "label" top: "top0" propagate_down: true propagate_down: true }')
    with pytest.raises(InputError, match="no gradient for its bottom `label`"):
        run_embedded(Case(net, [maps(1, 1, 3, 3), labels(1, 1, seed=0)]))


@pytest.mark.parametrize("text", [region(), third()])
def test_an_empty_batch_has_no_loss(text):
    found, = run_embedded(Case(text, [maps(0, 1, 3, 3), np.zeros((0, 1, 3, 5), np.float32)]))
    assert found["top0.data"] == 0


@pytest.mark.parametrize("kind", ["MSE", "IOU", "GIOU", "DIOU", "CIOU"])
def test_what_is_no_number_is_in_the_loss(kind):
    """So that it is seen, and does not pass for a box that is nowhere."""
    label = np.array([[[[1, 0.5, 0.5, 0.3, 0.3]]]], np.float32)
    found, = run_embedded(Case(third(iou_loss=kind), [np.full((1, 8, 3, 3), np.nan, np.float32), label]))
    assert np.isnan(found["top0.data"])
