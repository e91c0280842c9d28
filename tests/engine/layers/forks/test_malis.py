"""naibaf7's MalisLoss, and what stands before it: Affinity, ConnectedComponent, and arrays of several MemoryData."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from central_differences import slopes
from conformance import Case, distinct, examples, run_embedded, values, whole_numbers
from fork_judge import agree, hold
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import pycaffe
from cae_caffe.errors import InputError

# ---- MalisLoss

def malis(*bottoms, weight=1, **further):
    weights = f"loss_weight: {weight}" if weight != 1 else ""
    return Case(f'type: "MalisLoss" {weights}', list(bottoms), **further)


def weakest_on_the_best_path(weights, steps, size):
    """For each pair of pixels the affinity, by paths through each pixel in turn, (pixels, pixels)."""
    places = list(itertools.product(*map(range, size)))
    best = np.full((len(places),) * 2, -np.inf)
    for edge, step in enumerate(steps):
        for i, place in enumerate(places):
            target = tuple(np.add(place, step))
            if target in places:
                j = places.index(target)
                best[i, j] = best[j, i] = max(best[i, j], weights[edge].ravel()[i])
    for k in range(len(places)):
        best = np.maximum(best, np.minimum(best[:, k:k + 1], best[k]))
    return best


def naive_malis(given_weights, true, objects, steps):
    """The loss of a batch, pair by pair; objects (N, 1 or 2, ...)."""
    total = 0.0
    for image, known, numbers in zip(given_weights, true, objects):
        size = (1,) * (4 - image.ndim) + image.shape[1:]
        for of_one, weights in ((False, np.maximum(image, known)), (True, np.minimum(image, known))):
            best, flat = weakest_on_the_best_path(weights, steps, size), numbers[-1 if of_one else 0].ravel()
            found = [(1 - best[i, j])**2 if of_one else best[i, j]**2
                     for i, j in itertools.combinations(range(len(flat)), 2)
                     if flat[i] and flat[j] and (flat[i] == flat[j]) == of_one]
            total += np.mean(found) / 2 if found else 0
    return total / len(given_weights)


@examples(20)
@given(number=st.integers(1, 2), size=st.sampled_from([(4,), (3, 3), (2, 2, 2)]), channels=st.integers(1, 2),
       seed=st.integers(0, 9))
def test_pairs_of_pixels(number, size, channels, seed):
    edges = len(size)
    affinity = values(number, edges, *size, low=0, seed=seed)
    true = whole_numbers(number, edges, *size, below=2, seed=seed)
    objects = whole_numbers(number, channels, *size, below=3, seed=seed + 1)
    steps = np.eye(3, dtype=int)[3 - edges:]

    agree(malis(affinity, true, objects, tops=2),
          {"top0.data": naive_malis(affinity.astype(float), true, objects, steps), "top1.data": affinity})


@pytest.mark.parametrize("of_one", [True, False])
def test_the_gradient_is_that_of_the_weakest_links(of_one):
    affinity = (0.6 + distinct(2, 2, 2, 3)) / 1.7
    objects = np.ones((2, 1, 2, 3)) if of_one else np.arange(1, 7).reshape(1, 1, 2, 3).repeat(2, 0)
    true = np.full(affinity.shape, float(of_one), np.float32)
    found, = run_embedded(malis(affinity, true, objects, weight=3))

    exact = affinity.astype(float)
    wanted = 2 * slopes(lambda: naive_malis(exact, true, objects, np.eye(3, dtype=int)[1:]), exact)
    np.testing.assert_allclose(found["bottom0.diff"], 3 * wanted / 2, atol=1e-5)


def test_steps_of_a_fourth_bottom():
    steps = [(0, 0, 1), (0, 1, 0), (0, -1, 1)]
    affinity, objects = values(1, 3, 3, 3, low=0), whole_numbers(1, 1, 3, 3, below=3)
    true = np.zeros(affinity.shape)

    agree(malis(affinity, true, objects, np.array(steps).reshape(1, 9)),
          {"top0.data": naive_malis(affinity.astype(float), true, objects, steps)})


@pytest.mark.parametrize(("shapes", "match"), [
    ([(1, 2, 3, 3), (1, 2, 3, 4), (1, 1, 3, 3)], "both must be alike"),
    ([(1, 2), (1, 2), (1, 1)], "one to three axes"),
    ([(1, 2, 3, 3), (1, 2, 3, 3), (1, 3, 3, 3)], "one or two channels"),
    ([(1, 2, 3, 3), (1, 2, 3, 3), (1, 1, 3, 4)], "one or two channels"),
    ([(1, 4, 3, 3), (1, 4, 3, 3), (1, 1, 3, 3)], "more than three a fourth bottom"),
    ([(1, 2, 3, 3), (1, 2, 3, 3), (1, 1, 3, 3), (1, 3)], "three steps for each of the 2 edges")])
def test_affinities_of_nothing_are_refused(shapes, match):
    with pytest.raises(InputError, match=match):
        run_embedded(malis(*(values(*shape, low=0) for shape in shapes)))


# ---- Affinity

def naive_affinity(channel):
    top = np.zeros((len(channel), 2, *channel.shape[1:]))
    for n, y, x in np.ndindex(len(channel), channel.shape[1] - 1, channel.shape[2] - 1):
        top[n, 0, y, x] = min(channel[n, y, x], channel[n, y + 1, x])
        top[n, 1, y, x] = min(channel[n, y, x], channel[n, y, x + 1])
    return top


@examples(15)
@given(number=st.integers(1, 2), height=st.integers(1, 4), width=st.integers(1, 4), offset=st.integers(0, 1))
def test_neighbours(number, height, width, offset):
    probability = (0.7 + distinct(number, 1, height, width)) / 2
    bottoms = [np.concatenate([probability, 1 - probability], 1), 0.5 * probability]
    case = Case(f'type: "Affinity" affinity_param {{ offset: {offset} }}', bottoms, tops=2)

    hold(case, lambda arrays, params: [naive_affinity(arrays[0][:, offset]), naive_affinity(arrays[1][:, 0])],
         gradients=(1,))
    found, = run_embedded(case)
    np.testing.assert_array_equal(found["bottom0.diff"][:, 1 - offset], -found["bottom0.diff"][:, offset])


def test_no_channel_is_refused():
    with pytest.raises(InputError, match="`offset: 2` is no channel"):
        run_embedded(Case('type: "Affinity" affinity_param { offset: 2 }', [values(1, 2, 3, 3)]))


# ---- ConnectedComponent

@examples(25)
@given(number=st.integers(1, 2), channels=st.integers(1, 2), height=st.integers(1, 8), width=st.integers(1, 8),
       below=st.integers(1, 4), seed=st.integers(0, 9))
def test_parts_that_touch(number, channels, height, width, below, seed):
    ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is not here: pip install scipy")
    labels = whole_numbers(number, channels, height, width, below=below, seed=seed)
    wanted = np.zeros(labels.shape)
    for plane in np.ndindex(number, channels):
        first = {}
        for label in range(1, below):
            parts, count = ndimage.label(labels[plane] == label)
            for part in range(1, count + 1):
                first[np.flatnonzero(parts.ravel() == part)[0]] = parts == part
        for i, (_, part) in enumerate(sorted(first.items())):
            wanted[plane][part] = labels[plane].max() + 1 + i

    agree(Case('type: "ConnectedComponent"', [labels], backward=False, force_backward=False), {"top0.data": wanted})


# ---- MemoryData

MEMORY = """
layer { name: "data" type: "MemoryData" top: "data" top: "datai" memory_data_param { dim: 2 dim: 3 dim: 4 dim: 5 } }
layer { name: "label" type: "MemoryData" top: "label" top: "labeli" memory_data_param { dim: 1 dim: 2 } }
layer { name: "silence" type: "Silence" bottom: "datai" bottom: "labeli" }
"""


def test_arrays_for_each_of_several_layers(tmp_path):
    (tmp_path / "net.prototxt").write_text(MEMORY)
    net = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST)
    data, label = values(4, 3, 4, 5), values(2, 2, seed=1)
    net.set_input_arrays(0, data, np.zeros(4, np.float32))
    net.set_input_arrays(1, label, np.zeros(2, np.float32))

    for i in (0, 1):
        found = net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, data[2 * i:2 * i + 2])
        np.testing.assert_array_equal(found["label"], label[i:i + 1])
    with pytest.raises(TypeError, match="not 1 values"):
        net.set_input_arrays(data)
    with pytest.raises(InputError, match="has no layer of number 9"):
        net.set_input_arrays(9, label, np.zeros(2, np.float32))
