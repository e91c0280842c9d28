"""NormFace's layers: InnerDistance, GeneralContrastiveLoss, GeneralTripletLoss, LabelSpecificMargin and -Rescale;
and Parameter's `blob_filler`.
"""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, run_embedded, values, whole_numbers
from fork_judge import agree, hold, top_weights
from fork_references import normface
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

FLAGS = st.booleans()


def text_of(options):
    return " ".join(f"{name}: {str(value).lower() if isinstance(value, bool) else value}"
                    for name, value in options.items())


def float64(arrays):
    return [np.asarray(array, np.float64) for array in arrays]


# ---- InnerDistance

def inner_distance(text, *bottoms, **further):
    return Case(f'type: "InnerDistance" inner_distance_param {{ {text} }}', list(bottoms), **further)


@examples(25)
@given(samples=st.lists(st.integers(1, 3), min_size=1, max_size=2), rest=st.lists(st.integers(1, 3), min_size=1,
       max_size=2), rows=st.integers(1, 4), kind=st.sampled_from(["L1", "L2"]), from_bottom=FLAGS)
def test_distances_to_rows(samples, rest, rows, kind, from_bottom):
    features, weights = values(*samples, *rest), values(rows, int(np.prod(rest)), seed=1)
    axis = len(samples)
    text = f'axis: {axis} distance_type: "{kind}" bias_term: false'
    if from_bottom:
        hold(inner_distance(text, features, weights),
             lambda bottoms, params: [normface.inner_distance(*bottoms, axis=axis, distance_type=kind)])
    else:
        hold(inner_distance(f"{text} num_output: {rows}", features),
             lambda bottoms, params: [normface.inner_distance(bottoms[0], params[0], axis=axis, distance_type=kind)])


def test_a_feature_that_is_a_row_has_no_gradient():
    for kind in ("L1", "L2"):
        found, = run_embedded(inner_distance(f'distance_type: "{kind}"', values(1, 3), values(1, 3)))

        assert not any(found[name].any() for name in ("top0.data", "bottom0.diff", "bottom1.diff"))


@pytest.mark.parametrize("kind", ["L1", "L2"])
def test_weights_are_normalized_before_each_pass(kind):
    features, weights = values(4, 3), values(2, 3, seed=1, low=0.2)
    case = inner_distance(f'num_output: 2 normalize: true distance_type: "{kind}"', features, params=[weights])
    rows = normface.normalized_weights(weights.astype(np.float64))
    wanted = normface.inner_distance(features.astype(np.float64), rows, distance_type=kind)

    agree(case, {"layer[0].data": normface.normalized_weights(rows), "top0.data": wanted},
          tolerance=5e-6, reason="The second pass divides by lengths once more: 1e-6 is added to each square.")


@pytest.mark.parametrize("kind", ["L1", "L2"])
@pytest.mark.parametrize("from_bottom", [False, True])
def test_a_feature_moves_its_own_row_alone(kind, from_bottom):
    features, weights, labels = values(5, 3), values(4, 3, seed=1), whole_numbers(5, below=3)
    diffs = values(5, 4, seed=2)
    bottom_diff, weights_diff = normface.inner_distance_backward(*float64((features, weights, diffs)), labels,
                                                                 distance_type=kind)
    text = f'update_center_only: true distance_type: "{kind}"'
    case = inner_distance(text, features, weights, labels, top_diffs=[diffs]) if from_bottom else inner_distance(
        f"{text} num_output: 4", features, labels, params=[weights], top_diffs=[diffs])

    agree(case, {"bottom0.diff": bottom_diff, "bottom1.diff" if from_bottom else "layer[0].diff": weights_diff})


@pytest.mark.parametrize(("text", "bottoms", "match"), [
    ("", [values(2, 3)], "`num_output` is 0"), ("num_output: 1 transpose: true", [values(2, 3)], "`transpose: true`"),
    ('num_output: 1 distance_type: "L0"', [values(2, 3)], "'L0'` is none"),
    ("", [values(2, 3), values(2, 4)], "must have 3 values"), ("", [values(2, 3)] * 3, "takes 1 or 2"),
    ("update_center_only: true", [values(2, 3)], "takes 2 or 3"),
    ("update_center_only: true num_output: 2", [values(2, 3), np.zeros(3)], "one label for each of the 2"),
    ("update_center_only: true num_output: 2", [values(2, 3), np.array([0, 2])], "label 2 in its bottom `bottom1`"),
    ("update_center_only: true", [values(2, 3)] * 2 + [np.array([0, 2])], "label 2 in its bottom `bottom2`")])
def test_vectors_that_do_not_fit_are_refused(text, bottoms, match):
    with pytest.raises(InputError, match=match):
        run_embedded(inner_distance(text, *bottoms))


# ---- GeneralContrastiveLoss

def contrastive(options, *bottoms, **further):
    return Case(f'type: "GeneralContrastiveLoss" loss_weight: 0.5 loss_weight: 0 '
                f"general_contrastive_loss_param {{ {text_of(options)} }}", list(bottoms), tops=2, **further)


OPTIONS = {
    "positive_margin": st.sampled_from([0, 0.4]), "negative_margin": st.sampled_from([1, 1.6]),
    "positive_weight": st.sampled_from([1, 0.7]), "negative_weight": st.sampled_from([1, 2.5]),
    "positive_outlier_thresh": st.sampled_from([4, 1.1]), "max_negative_only": FLAGS, "max_positive_only": FLAGS,
    "positive_first": FLAGS, "positive_upper_bound": st.sampled_from([1, 0.6]), "exp_negative_weight": FLAGS,
    "normalize_negative": st.sampled_from([0.1, 0.8]), "add_intra_mae": FLAGS}


@examples(60)
@given(number=st.integers(1, 4), classes=st.integers(2, 5), options=st.fixed_dictionaries({}, optional=OPTIONS))
def test_contrasts(number, classes, options):
    bottoms = [1.2 + distinct(number, classes), whole_numbers(number, below=classes)]
    arrays = float64(bottoms)
    tops, _ = normface.general_contrastive_loss(*arrays, **options)

    agree(contrastive(options, *bottoms), {
        "top0.data": tops[0], "top1.data": tops[1],
        "bottom0.diff": normface.general_contrastive_loss_backward(*arrays, top_diff=0.5, **options)})


def test_the_margin_follows_the_mean_within_classes():
    options = {"add_intra_mae": True, "max_negative_margin": 0.015}
    bottoms = [1 + values(3, 4), whole_numbers(3, below=4)]
    found = run_embedded(contrastive(options, *bottoms, passes=3))

    mae = 0.0
    for passed in found:
        tops, mae = normface.general_contrastive_loss(*float64(bottoms), intra_mae=mae, **options)
        np.testing.assert_allclose(passed["top0.data"], tops[0], rtol=1e-5)
        np.testing.assert_allclose(passed["top1.data"], tops[1], rtol=1e-5)
    assert mae == 0.015


def test_distances_of_a_third_bottom():
    distances, labels = 1 + values(3, 4), whole_numbers(3, below=4)
    arrays = float64((distances, labels))

    agree(contrastive({}, np.zeros((3, 4)), labels, distances), {
        "top0.data": normface.general_contrastive_loss(*arrays)[0][0],
        "bottom0.diff": normface.general_contrastive_loss_backward(*arrays, top_diff=0.5)})


@pytest.mark.parametrize(("options", "bottoms", "match"), [
    ({"square": True}, [values(2, 3), np.zeros(2)], "`square: true`"),
    ({}, [values(2, 3), np.zeros(3)], "the batch, must agree"),
    ({}, [values(2, 3), np.zeros(2), values(2, 4)], "the first and the third must agree"),
    ({}, [values(2, 3), np.array([0, 3])], "found the label 3")])
def test_contrasts_of_nothing_are_refused(options, bottoms, match):
    with pytest.raises(InputError, match=match):
        run_embedded(contrastive(options, *bottoms))


# ---- GeneralTripletLoss

def triplet(options, *bottoms):
    return Case(f'type: "GeneralTripletLoss" loss_weight: 0.5 loss_weight: 0 general_triplet_loss_param {{ '
                f"{text_of(options)} }}", list(bottoms), tops=2)


def naive_triplets(distances, labels, weights, options):
    """The loss, the second top, and the diff, for a weight of 0.5, feature by feature."""
    margin, negative_weight = options.get("margin", 0.2), options.get("negative_weight", 1)
    loss, diff, means = 0, np.zeros(distances.shape), np.zeros(2)
    for i, (row, label) in enumerate(zip(distances, labels.astype(int))):
        others = [j for j in range(len(row)) if j != label]
        means += row[label], np.mean(row[others])
        too_near = [j for j in others if row[label] + margin > row[j]]
        if options.get("hardest_only"):
            too_near = sorted(too_near, key=lambda j: row[j])[:1]
        alone = options.get("positive_first") and row[label] > options.get("positive_upper_bound", 1)
        too_near = [] if alone else too_near
        loss += sum(row[label] + margin - row[j] for j in too_near) * negative_weight
        diff[i, too_near] = -negative_weight
        if alone or options.get("add_center_loss", True) or too_near:
            diff[i, label] = options.get("positive_weight", 1)
        diff[i] *= weights[i]
    return loss / len(distances), means / len(distances), 0.5 * diff / len(distances)


@examples(40)
@given(number=st.integers(1, 4), classes=st.integers(2, 5), weighted=FLAGS, options=st.fixed_dictionaries({}, optional={
    "margin": st.sampled_from([0.2, 0.7]), "add_center_loss": FLAGS, "hardest_only": FLAGS,
    "positive_weight": st.sampled_from([1, 0.7]), "negative_weight": st.sampled_from([1, 2.5]),
    "positive_first": FLAGS, "positive_upper_bound": st.sampled_from([1, 0.6])}))
def test_triplets(number, classes, weighted, options):
    bottoms = [1.2 + distinct(number, classes), whole_numbers(number, below=classes)]
    weights = values(number, low=0.1, seed=4) if weighted else np.ones(number)
    loss, means, diff = naive_triplets(*float64([*bottoms, weights]), options)

    agree(triplet(options, *bottoms, *[weights] * weighted),
          {"top0.data": loss, "top1.data": means, "bottom0.diff": diff})


@pytest.mark.parametrize(("bottoms", "match"), [
    ([values(2, 3), np.zeros(3)], "the batch, must agree"),
    ([values(2, 3), np.zeros(2), np.zeros(3)], "one weight for each of the 2"),
    ([values(2, 3), np.array([0, -1])], "found the label -1")])
def test_triplets_of_nothing_are_refused(bottoms, match):
    with pytest.raises(InputError, match=match):
        run_embedded(triplet({}, *bottoms))


# ---- LabelSpecificMargin

def margin(options, *bottoms, tops=1, **further):
    return Case(f'type: "LabelSpecificMargin" label_specific_margin_param {{ {text_of(options)} }}',
                list(bottoms), tops=tops, **further)


@examples(30)
@given(kind=st.sampled_from(["HARD", "SOFT"]), size=st.sampled_from([0, 1.3, 25]), phase=st.sampled_from(
    ["TRAIN", "TEST"]), margin_on_test=FLAGS, pass_bp=FLAGS, axes=st.sampled_from([(), (1, 1)]))
def test_margins(kind, size, phase, margin_on_test, pass_bp, axes):
    bottoms = [distinct(3, 4, *axes), whole_numbers(3, below=4)]
    case = margin({"type": kind, "margin_on_test": margin_on_test, "pass_bp": pass_bp}, *bottoms, phase=phase,
                  params=[np.array([size])])
    cosines, labels = float64([bottoms[0].reshape(3, 4), bottoms[1]])
    top = normface.label_specific_margin(cosines, labels, size, type=kind, phase=phase, margin_on_test=margin_on_test)
    top_diff, = top_weights(case, None, [top.reshape(3, 4, *axes)])
    diff = normface.label_specific_margin_backward(cosines, labels, top_diff.reshape(3, 4), size, type=kind,
                                                   phase=phase, margin_on_test=margin_on_test, pass_bp=pass_bp)

    agree(case, {"top0.data": top.reshape(3, 4, *axes), "bottom0.diff": diff.reshape(3, 4, *axes)},
          tolerance=1e-4, reason="The arc cosine of float32 near 1.")


def test_margins_grow():
    options = {"margin_base": 1, "gamma": 0.5, "power": 2, "iteration": 3, "margin_max": 8}
    found = run_embedded(margin(options, values(2, 3), np.zeros(2), tops=2, passes=3))

    grown = [normface.margin_at(i, margin_base=1, margin_max=8, gamma=0.5, power=2) for i in (3, 4, 5)]
    kept = [float(passed["top1.data"][0]) for passed in found]
    assert kept[0] == pytest.approx(grown[0]) and kept[-1] == 8


def test_a_margin_of_a_third_bottom():
    bottoms = [values(2, 3, seed=1), np.zeros(2), np.array([20.0])]
    wanted = normface.label_specific_margin(*float64(bottoms[:2]), 20)

    agree(margin({}, *bottoms, tops=2, backward=False), {"top0.data": wanted, "top1.data": np.array([20])})


@pytest.mark.parametrize(("options", "labels", "match"), [
    ({"auto_tune": True}, np.zeros(2), "`auto_tune: true`"), ({"reset_margin": True}, np.zeros(2), "`reset_margin"),
    ({}, np.zeros(3), "there must be 2 labels")])
def test_margins_of_nothing_are_refused(options, labels, match):
    with pytest.raises(InputError, match=match):
        run_embedded(margin(options, values(2, 3), labels))


# ---- LabelSpecificRescale

def rescale(options, *bottoms, **further):
    return Case(f'type: "LabelSpecificRescale" label_specific_rescale_param {{ {text_of(options)} }}',
                list(bottoms), **further)


@examples(30)
@given(weight=st.sampled_from([1, 0.4, 2]), others=st.sampled_from([1, 0.5]), for_ip=FLAGS, bias_fix=FLAGS,
       power=FLAGS, phase=st.sampled_from(["TRAIN", "TEST"]), rescale_test=FLAGS)
def test_scores_by_their_class(weight, others, for_ip, bias_fix, power, phase, rescale_test):
    scores, labels = distinct(3, 4) + np.float32(0.013), whole_numbers(3, below=4)
    own = np.zeros((3, 4), bool)
    own[np.arange(3), labels.astype(int)] = True

    def reference(bottoms, params):
        x = bottoms[0]
        if phase == "TEST" and not rescale_test:
            return [x]
        changed = np.sign(x) * np.abs(x)**weight if power else x * weight + (1 - weight) * bias_fix
        return [np.where(own, np.where((x > 0) | (not for_ip), changed, x), x * others)]

    hold(rescale({"positive_weight": weight, "negative_weight": others, "for_ip": for_ip, "bias_fix": bias_fix,
                  "power_on_positive": power, "rescale_test": rescale_test}, scores, labels, phase=phase), reference,
         gradients=[0])


def test_a_weight_that_falls():
    options = {"positive_weight_base": 4, "gamma": 1, "power": 1, "iteration": 2, "positive_weight_min": 0.9,
               "positive_weight_max": 3}
    found = run_embedded(rescale(options, np.ones((1, 2)), np.zeros(1), tops=2, passes=3, backward=False))

    np.testing.assert_allclose([passed["top1.data"][0] for passed in found], [1, 0.9, 0.9], rtol=1e-6)
    np.testing.assert_allclose(found[0]["top0.data"], [[1, 1]])


def test_a_gradient_that_is_the_tops():
    diff = values(2, 3, seed=1)
    found, = run_embedded(rescale({"positive_weight": 3, "do_backward": False}, values(2, 3), np.zeros(2),
                                  top_diffs=[diff]))

    np.testing.assert_array_equal(found["bottom0.diff"], diff)


def test_in_place():
    scores, labels, diff = values(2, 3), np.array([0, 2]), values(2, 3, seed=1)
    apart, = run_embedded(rescale({"positive_weight": 0.5, "for_ip": True}, scores, labels, top_diffs=[diff]))
    within, = run_embedded(rescale({"positive_weight": 0.5, "for_ip": True}, scores, labels, in_place=True,
                                   top_diffs=[diff]))

    np.testing.assert_array_equal(within["bottom0.data"], apart["top0.data"])
    np.testing.assert_array_equal(within["bottom0.diff"], apart["bottom0.diff"])


# ---- Parameter


def test_a_parameter_may_be_filled():
    case = Case('type: "Parameter" parameter_param { shape { dim: 2 dim: 3 } '
                'blob_filler { type: "constant" value: 1.5 } }', params="filled", backward=False)

    agree(case, {"top0.data": np.full((2, 3), 1.5)})


# ---- what it adds to Caffe's own layers

@examples(10)
@given(samples=st.lists(st.integers(1, 3), min_size=1, max_size=2), rest=st.lists(st.integers(1, 3), min_size=1,
       max_size=2), rows=st.integers(1, 4))
def test_an_inner_product_with_weights_from_below(samples, rest, rows):
    axis, inputs = len(samples), int(np.prod(rest))

    hold(Case(f'type: "InnerProduct" inner_product_param {{ axis: {axis} bias_term: false }}',
              [values(*samples, *rest), values(rows, inputs, seed=1)]),
         lambda bottoms, params: [bottoms[0].reshape(*samples, inputs) @ bottoms[1].T])


def test_an_inner_product_with_rows_of_length_one():
    features, weights = values(4, 3), values(2, 3, seed=1, low=0.2)
    once = normface.normalized_weights(weights.astype(np.float64))
    case = Case('type: "InnerProduct" inner_product_param { num_output: 2 bias_term: false normalize: true }',
                [features], params=[weights])

    agree(case, {"top0.data": features.astype(np.float64) @ normface.normalized_weights(once).T},
          tolerance=5e-6, reason="The second pass divides by lengths once more: 1e-6 is added to each square.")


@pytest.mark.parametrize(("text", "bottoms", "match"), [
    ("", [values(2, 3), values(4, 3)], "neither a bias"),
    ("bias_term: false", [values(2, 3), values(4, 2)], "must be .outputs, 3"),
    ("bias_term: false transpose: true", [values(2, 3), values(3, 4)], "nor `transpose`"),
    ("num_output: 2 normalize: true transpose: true", [values(2, 3)], "do not go together")])
def test_weights_that_do_not_fit_are_refused(text, bottoms, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(f'type: "InnerProduct" inner_product_param {{ {text} }}', bottoms))


def test_factors_between_bounds():
    factors = np.array([-1, 0.5, 9], np.float32)
    case = Case('type: "Scale" scale_param { min_value: 0.01 max_value: 2 }', [values(2, 3)], params=[factors])

    agree(case, {"layer[0].data": [0.01, 0.5, 2], "top0.data": values(2, 3) * np.float32([0.01, 0.5, 2])})


def test_other_than_softmax_is_refused():
    loss = 'type: "SoftmaxWithLoss" softmax_param { normalize_type: "%s" }'
    run_embedded(Case(loss % "Softmax", [values(2, 3), np.zeros(2)]))
    with pytest.raises(InputError, match="`normalize_type: 'L2'` is not carried out"):
        run_embedded(Case(loss % "L2", [values(2, 3), np.zeros(2)]))
