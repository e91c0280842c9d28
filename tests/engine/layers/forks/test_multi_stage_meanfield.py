"""CRF-RNN's MultiStageMeanfield, and the permutohedral lattice by which it filters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_training import fell, trained
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.engine.permutohedral import Permutohedral
from cae_caffe.errors import InputError


def naive_filter(features):
    """The filter as a matrix, (points, points), by the steps of Adams, Baek and Davis 2010, a point at a time."""
    points, d = features.shape
    table, corners = {}, []
    for feature in features:
        scaled = [feature[i] * np.sqrt(2 / 3) * (d + 1) / np.sqrt((i + 1) * (i + 2)) for i in range(d)]
        corners.append([(table.setdefault(key, len(table)), weight) for key, weight in _simplex(scaled, d)])
    give = np.zeros((points, len(table)))
    for point, around in enumerate(corners):
        for vertex, weight in around:
            give[point, vertex] += weight
    blurred = give.T.copy()
    for axis in range(d + 1):
        before = blurred.copy()
        for key, vertex in table.items():
            for sign in (1, -1):
                other = table.get(tuple(k + sign * (d if i == axis else -1) for i, k in enumerate(key)))
                if other is not None:
                    blurred[vertex] += before[other] / 2
    return give @ blurred / (1 + 2.0**-d)


def _simplex(scaled, d):
    """The corners around a point, without their last coordinates, and the point's barycentric weights for them."""
    place = [sum(scaled[i:]) - (i * scaled[i - 1] if i else 0) for i in range(d + 1)]
    near = [(d + 1) * round(p / (d + 1)) for p in place]
    falling = sorted(range(d + 1), key=lambda i: near[i] - place[i])
    excess = sum(near) // (d + 1)
    for i in falling[d + 1 - excess:] if excess > 0 else falling[:-excess]:
        near[i] -= (d + 1) * np.sign(excess)
    rest = [place[i] - near[i] for i in range(d + 1)]
    falling = sorted(range(d + 1), key=lambda i: -rest[i])
    for k in range(d + 1):
        key = tuple(int(near[i]) + k - (d + 1) * (i in falling[d + 1 - k:]) for i in range(d))
        if k:
            yield key, (rest[falling[d - k]] - rest[falling[d + 1 - k]]) / (d + 1)
        else:
            yield key, 1 - (rest[falling[0]] - rest[falling[d]]) / (d + 1)


@examples(25)
@given(points=st.integers(1, 20), dimensions=st.integers(1, 5), channels=st.integers(1, 3), seed=st.integers(0, 99))
def test_the_lattice(points, dimensions, channels, seed):
    features = np.random.RandomState(seed).normal(scale=2, size=(points, dimensions)).astype(np.float32)
    lattice = Permutohedral(features, torch.device("cpu"))
    matrix = naive_filter(features.astype(np.float64))

    found = lattice.filter(torch.from_numpy(values(channels, points)))

    np.testing.assert_allclose(found, values(channels, points) @ matrix.T, rtol=0, atol=1e-5)


def test_it_is_nearly_a_gaussian():
    places = np.stack(np.mgrid[:24, :24], -1).reshape(-1, 2)
    distance = np.square(places[:, np.newaxis] - places).sum(-1) / 3.0**2
    wanted = np.exp(-distance / 2)
    lattice = Permutohedral((places / 3).astype(np.float32), torch.device("cpu"))
    ones = torch.ones(1, len(places))
    signal = torch.from_numpy(values(1, len(places), low=0))

    found = (lattice.filter(signal) / lattice.filter(ones)).numpy()[0]
    np.testing.assert_allclose(found, wanted @ signal.numpy()[0] / wanted.sum(1), atol=0.03)


def test_places_too_far_apart_are_refused():
    with pytest.raises(InputError, match="too many standard deviations apart"):
        Permutohedral(np.array([[0] * 5, [1e6] * 5], np.float32), torch.device("cpu"))


# ---- the layer

ALPHA, BETA, GAMMA = 3.0, 0.7, 2.0


def meanfield(text, unary, state, images, **further):
    return Case('type: "MultiStageMeanfield" multi_stage_meanfield_param { '
                f"theta_alpha: {ALPHA} theta_beta: {BETA} theta_gamma: {GAMMA} {text} }}", [unary, state, images],
                **further)


def naive_meanfield(bottoms, params, iterations):
    unary, state, images = bottoms
    height, width = unary.shape[2:]
    spatial, bilateral, compatibility = (param.reshape(param.shape[-2:]) for param in params)
    places = np.array([(x, y) for y in range(height) for x in range(width)], float)
    top = np.empty(unary.shape)
    for n in range(len(unary)):
        colours = images[n].reshape(3, -1).T
        filters = [naive_filter(places / GAMMA),
                   naive_filter(np.concatenate([places / ALPHA, colours / BETA], 1).astype(np.float32).astype(float))]
        filters = [matrix / matrix.sum(1, keepdims=True) for matrix in filters]
        scores = state[n].reshape(len(state[n]), -1)
        for _ in range(iterations):
            likely = np.exp(scores) / np.exp(scores).sum(0)
            message = spatial @ (likely @ filters[0].T) + bilateral @ (likely @ filters[1].T)
            scores = unary[n].reshape(scores.shape) - compatibility @ message
        top[n] = scores.reshape(unary[n].shape)
    return [top]


@pytest.mark.parametrize(("shape", "iterations"), [((1, 2, 3, 4), 1), ((2, 3, 2, 3), 3), ((1, 1, 1, 1), 2)])
def test_iterations(shape, iterations):
    number, _, height, width = shape
    case = meanfield(f"num_iterations: {iterations}", values(*shape), values(*shape, seed=1),
                     values(number, 3, height, width, seed=2))

    hold(case, lambda bottoms, params: naive_meanfield(bottoms, params, iterations), gradients=(0, 1))


@pytest.mark.parametrize(("text", "files", "spatial", "bilateral"), [
    ("", {}, [1, 1], [1, 1]), ("spatial_filter_weight: 3 bilateral_filter_weight: 5", {}, [3, 3], [5, 5]),
    ("spatial_filter_weight: 3", {"spatial.par": b"2 4\n", "bilateral.par": b"7"}, [2, 4], [7, 7]),
    ('spatial_filter_weights_str: "6" bilateral_filter_weights_str: "1, 2"', {"spatial.par": b"2 4"}, [6, 6], [1, 2])])
def test_weights_at_first(text, files, spatial, bilateral):
    found, = run_embedded(meanfield(f"{text} threshold: 2", values(1, 2, 2, 2), values(1, 2, 2, 2),
                                    values(1, 3, 2, 2), files=files, params="filled", backward=False))

    for i, diagonal in enumerate((spatial, bilateral, [-1, -1])):
        np.testing.assert_array_equal(found[f"layer[{i}].data"], [[np.diag(diagonal)]])


def test_other_images_and_sizes_follow():
    bottoms = [[values(1, 2, *size, seed=seed), values(1, 2, *size), values(1, 3, *size, seed=seed)]
               for size, seed in (((2, 3), 0), ((2, 3), 1), ((3, 3), 2))]
    case = meanfield("num_iterations: 2", *bottoms[0], then=bottoms[1:])

    hold(case, lambda arrays, params: naive_meanfield(arrays, params, 2), gradients=(0, 1))


@pytest.mark.parametrize(("text", "shapes", "files", "match"), [
    ("num_iterations: 0", [(1, 2, 2, 2), (1, 2, 2, 2), (1, 3, 2, 2)], {}, "`num_iterations: 0`"),
    ("", [(1, 2, 2, 2), (1, 2, 2, 3), (1, 3, 2, 2)], {}, "the first two must be alike"),
    ("", [(1, 2, 2, 2), (1, 2, 2, 2), (1, 1, 2, 2)], {}, "images of 3 channels"),
    ("", [(2, 2), (2, 2), (2, 3)], {}, "images of 4 axes"),
    ("forced_spatial_filter_weight: 1", [(1, 2, 2, 2), (1, 2, 2, 2), (1, 3, 2, 2)], {}, "`forced_spatial_filter_w"),
    ("", [(1, 2, 2, 2), (1, 2, 2, 2), (1, 3, 2, 2)], {"spatial.par": b"1 2 3"}, "has 3 weights"),
    ("", [(1, 2, 2, 2), (1, 2, 2, 2), (1, 3, 2, 2)], {"bilateral.par": b"one"}, "a word that is no number")])
def test_fields_that_are_none_are_refused(text, shapes, files, match):
    with pytest.raises(InputError, match=match):
        run_embedded(meanfield(text, *(values(*shape) for shape in shapes), files=files))


@pytest.mark.parametrize("colour", [np.nan, np.inf, 9.2e18, -3e38])
def test_colours_beyond_the_lattice_are_refused(colour):
    with pytest.raises(InputError, match="too many standard deviations from 0"):
        run_embedded(meanfield("", values(1, 2, 2, 2), values(1, 2, 2, 2), np.full((1, 3, 2, 2), colour, np.float32)))


@pytest.mark.parametrize("theta", ["theta_alpha", "theta_gamma"])
def test_places_beyond_the_lattice_are_refused(theta):
    bottoms = [values(1, 2, 2, 2), values(1, 2, 2, 2), values(1, 3, 2, 2)]
    with pytest.raises(InputError, match="too many standard deviations from 0"):
        run_embedded(Case(f'type: "MultiStageMeanfield" multi_stage_meanfield_param {{ {theta}: 1e-38 }}', bottoms))


def test_an_empty_batch_stays_empty():
    found, = run_embedded(meanfield("", *(values(0, channels, 4, 4) for channels in (2, 2, 3))))
    assert found["top0.data"].shape == (0, 2, 4, 4)


def test_no_standard_deviation_is_refused():
    with pytest.raises(InputError, match="`theta_beta: 0` is no standard deviation"):
        run_embedded(Case('type: "MultiStageMeanfield" multi_stage_meanfield_param { theta_beta: 0 }',
                          [values(1, 2, 2, 2), values(1, 2, 2, 2), values(1, 3, 2, 2)]))


NET = """
layers { name: "score" type: CONVOLUTION bottom: "data" top: "coarse"
         convolution_param { num_output: 2 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layers { name: "split" type: SPLIT bottom: "coarse" top: "unary" top: "Q0" }
layers { name: "crf" type: MULTI_STAGE_MEANFIELD bottom: "unary" bottom: "Q0" bottom: "data" top: "pred"
         blobs_lr: 1 blobs_lr: 1 blobs_lr: 1
         multi_stage_meanfield_param { num_iterations: 3 compatibility_mode: POTTS threshold: 2 theta_alpha: 4
             theta_beta: 0.5 theta_gamma: 2 spatial_filter_weight: 0.5 bilateral_filter_weight: 0.5 } }
layers { name: "loss" type: SOFTMAX_LOSS bottom: "pred" bottom: "label" top: "loss" }
"""


def test_a_net_of_2014_learns_with_it(tmp_path):
    random = np.random.RandomState(0)
    label = np.kron(random.randint(0, 2, (2, 1, 3, 3)), np.ones((4, 4)))
    inputs = {"data": np.repeat(label, 3, 1) + random.normal(scale=0.4, size=(2, 3, 12, 12)), "label": label}
    declared = "".join(f'input: "{name}" input_dim: 2 input_dim: {array.shape[1]} input_dim: 12 input_dim: 12\n'
                       for name, array in inputs.items())

    solver, losses = trained(tmp_path, declared + NET, inputs, 15)

    assert fell(losses, to=0.4)
    assert [param.data.shape for param in solver.net.params["crf"]] == [(1, 1, 2, 2)] * 3
