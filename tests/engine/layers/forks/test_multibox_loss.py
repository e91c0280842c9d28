"""SSD's MultiBoxLoss."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import agree, hold
from fork_references.multibox_loss import multibox_loss, multibox_loss_backward
from hypothesis import assume, given
from hypothesis import strategies as st
from ssd_made import bottoms, text

from cae_caffe.errors import InputError

CHOICES = {
    "loc_loss_type": st.sampled_from(["L2", "SMOOTH_L1"]), "conf_loss_type": st.sampled_from(["SOFTMAX", "LOGISTIC"]),
    "loc_weight": st.sampled_from([0.5, 2.0]), "match_type": st.sampled_from(["BIPARTITE", "PER_PREDICTION"]),
    "overlap_threshold": st.sampled_from([0.2, 0.5]), "use_prior_for_matching": st.booleans(),
    "background_label_id": st.sampled_from([0, 2]), "use_difficult_gt": st.booleans(),
    "neg_pos_ratio": st.sampled_from([0.5, 1.0, 3.0]), "neg_overlap": st.sampled_from([0.3, 0.5]),
    "code_type": st.sampled_from(["CORNER", "CENTER_SIZE", "CORNER_SIZE"]), "encode_variance_in_target": st.booleans(),
    "ignore_cross_boundary_bbox": st.booleans(), "bp_inside": st.booleans(),
    "mining_type": st.sampled_from(["NONE", "MAX_NEGATIVE", "HARD_EXAMPLE"]), "sample_size": st.sampled_from([2, 5]),
    "nms_threshold": st.sampled_from([0.3, 0.6]), "top_k": st.sampled_from([2, 10]), "use_prior_for_nms": st.booleans(),
    "share_location": st.booleans()}
NORMALIZATIONS = ["VALID", "FULL", "BATCH_SIZE", "NONE"]


@st.composite
def chosen(draw):
    """Options, each given or not, that go together."""
    options = {name: draw(value) for name, value in CHOICES.items() if draw(st.integers(0, 2)) == 0}
    if not options.get("share_location", True):
        options["mining_type"] = "NONE"
    return {"num_classes": 3, **options}


def referenced(options) -> dict:
    """The options as the reference takes them."""
    suppression = {name: options[name] for name in ("nms_threshold", "top_k") if name in options}
    rest = {name: value for name, value in options.items() if name not in suppression}
    return {**rest, **({"nms_param": suppression} if suppression else {})}


def layer(options, further="") -> str:
    return f'type: "MultiBoxLoss" multibox_loss_param {{ {text(options)} }} {further}'


@examples(25)
@given(options=chosen(), images=st.integers(1, 3), priors=st.integers(1, 8), truths=st.integers(0, 3),
       seed=st.integers(0, 1000), normalization=st.sampled_from(NORMALIZATIONS))
def test_all_options(options, images, priors, truths, seed, normalization):
    made = bottoms(images, priors, 3, seed, share=options.get("share_location", True), truths=truths)
    made[3][..., 1] += options.get("background_label_id", 0) != 0       # labels 0 and 1 beside a background of 2
    made[3][..., 1] %= 3
    made[3][..., 1] = np.where(made[3][..., 1] == options.get("background_label_id", 0), 1, made[3][..., 1])
    made[3][..., 7] = np.random.RandomState(seed).randint(0, 2, made[3].shape[:-1])

    def reference(given, params):
        return [multibox_loss(*given, **referenced(options), normalization=normalization)]

    hold(Case(layer(options, f"loss_param {{ normalization: {normalization} }}"), made), reference, gradients=[0, 1],
         floor=0.01, reason="a gradient of almost nothing is nothing but rounding")


@examples(100)
@given(options=chosen(), seed=st.integers(0, 1000))
def test_the_gradient_is_that_of_the_choice(options, seed):
    made = bottoms(2, 9, 3, seed, share=options.get("share_location", True))
    assume(options.get("background_label_id", 0) == 0)
    loc, conf = multibox_loss_backward(1.0, *(array.astype(np.float64) for array in made), **referenced(options))

    agree(Case(layer(options), made), {"bottom0.diff": loc, "bottom1.diff": conf}, floor=0.01,
          reason="a gradient of almost nothing is nothing but rounding")


def test_one_class_of_objects():
    made = bottoms(2, 7, 2, 3)
    made[3][..., 1] = 17
    options = {"num_classes": 2, "map_object_to_agnostic": True}

    hold(Case(layer(options), made),
         lambda given, params: [multibox_loss(*given, **options)], gradients=[0, 1])


def test_passes_without_a_backward_pass_between_them_do_not_mix():
    first, second = bottoms(2, 7, 3, 1), bottoms(2, 7, 3, 2)

    hold(Case(layer({"num_classes": 3}), first, phase="TEST", backward=False, then=[second, first]),
         lambda given, params: [multibox_loss(*given, num_classes=3)])


@pytest.mark.parametrize("counted", [(True, False), (False, True)])
def test_a_loss_without_propagate_down_is_left_out(counted):
    made = bottoms(2, 7, 3, 1)
    flags = " ".join(f"propagate_down: {str(flag).lower()}" for flag in (*counted, False, False))

    hold(Case(layer({"num_classes": 3}, flags), made, force_backward=False, backward=False),
         lambda given, params: [multibox_loss(*given, num_classes=3, propagate_down=counted)])


def test_rows_of_padding_are_no_boxes():
    made = bottoms(2, 7, 3, 1)
    padded = [*made[:3], np.concatenate([np.full((1, 1, 1, 8), -1, np.float32), made[3]], 2)]

    plain, with_padding = (run_embedded(Case(layer({"num_classes": 3}), given))[0] for given in (made, padded))

    assert plain["top0.data"] == with_padding["top0.data"]


@pytest.mark.parametrize(("options", "match"), [
    ({}, "num_classes` is missing"), ({"num_classes": 0}, "num_classes` is 0"),
    ({"num_classes": 3, "do_neg_mining": False}, "contradict"),
    ({"num_classes": 3, "share_location": False}, "mining_type: NONE"),
    ({"num_classes": 3, "mining_type": "HARD_EXAMPLE", "sample_size": 0}, "sample_size` is 0"),
    ({"num_classes": 3, "background_label_id": 3}, "background_label_id` is 3"),
    ({"num_classes": 3, "map_object_to_agnostic": True}, "num_classes: 2"), ({"num_classes": 4}, "scores.*16 values")])
def test_refusals(options, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(layer(options), bottoms(1, 4, 3, 0)))


@pytest.mark.parametrize(("place", "value", "match"), [
    (1, 0, "label 0.*background"), (1, 3, "label 3.*0 to 2"), (0, 1, "image 1.*images 0 to 0"), (0, -2, "image -2")])
def test_truths_that_cannot_be_are_refused(place, value, match):
    made = bottoms(1, 4, 3, 0)
    made[3][0, 0, 0, place] = value
    with pytest.raises(InputError, match=match):
        run_embedded(Case(layer({"num_classes": 3}), made))


def test_rows_of_another_width_are_refused():
    with pytest.raises(InputError, match=r"\(1, 1, number, 8\)"):
        run_embedded(Case(layer({"num_classes": 3}), [*bottoms(1, 4, 3, 0)[:3], values(1, 1, 2, 7)]))


def test_priors_get_no_gradient():
    with pytest.raises(InputError, match="true, true, false, false"):
        run_embedded(Case(layer({"num_classes": 3}, "propagate_down: true " * 4), bottoms(1, 4, 3, 0)))


def test_predictions_of_four_axes():
    made = bottoms(2, 7, 3, 1)
    shaped = [array.reshape(*array.shape, 1, 1) for array in made[:2]] + made[2:]

    flat, of_four_axes = (run_embedded(Case(layer({"num_classes": 3}), given))[0] for given in (made, shaped))

    for name in ("top0.data", "bottom0.diff", "bottom1.diff"):
        np.testing.assert_array_equal(flat[name].reshape(-1), of_four_axes[name].reshape(-1))
