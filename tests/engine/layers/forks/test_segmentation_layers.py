"""DeepLab's SegAccuracy, UniqueLabel, SpatialProduct, MatWrite and MatRead; DeepSkeleton's Quantize, Rescale and
SigmoidEuclideanLoss; and BVLC's proposed WeightedEuclideanLoss.
"""

from __future__ import annotations

import io

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from fork_judge import agree, hold
from fork_references.euclidean_loss import weighted_euclidean_loss, weighted_euclidean_loss_backward
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import pycaffe
from cae_caffe.engine.solvers import data_position
from cae_caffe.errors import InputError

scipy_io = pytest.importorskip("scipy.io", reason="SciPy is not here: pip install scipy")


def seg_accuracy(text, prediction, labels, **further):
    return Case(f'type: "SegAccuracy" seg_accuracy_param {{ {text} }}', [prediction, labels], backward=False,
                force_backward=False, **further)


def naive_measures(pairs, classes):
    """Of pairs of a pixel's label and class."""
    counts = np.zeros((classes, classes))
    for label, found in pairs:
        counts[int(label), int(found)] += 1
    recalls = [counts[c, c] / counts[c].sum() for c in range(classes) if counts[c].any()]
    overlaps = []
    for c in range(classes):
        union = counts[c].sum() + counts[:, c].sum() - counts[c, c]
        overlaps.append(counts[c, c] / union if union else 1)
    return [counts.trace() / max(1, counts.sum()), np.mean(recalls) if recalls else 0, np.mean(overlaps)]


@examples(25)
@given(number=st.integers(1, 2), classes=st.integers(1, 4), height=st.integers(1, 3), width=st.integers(1, 3),
       ignored=st.lists(st.integers(0, 4), max_size=2), equal=st.booleans())
def test_pixels_that_are_right(number, classes, height, width, ignored, equal):
    prediction = values(number, classes, height, width)
    if equal:
        prediction = np.round(prediction)
    labels = whole_numbers(number, 1, height, width, below=classes, seed=1)
    pairs = []
    for n, h, w in np.ndindex(number, height, width):
        found = max(range(classes), key=lambda c: (prediction[n, c, h, w], c))
        if labels[n, 0, h, w] not in ignored:
            pairs.append((labels[n, 0, h, w], found))

    agree(seg_accuracy(" ".join(f"ignore_label: {label}" for label in ignored), prediction, labels),
          {"top0.data": np.reshape(naive_measures(pairs, classes), (1, 1, 1, 3))})


def test_pixels_of_all_passes_may_count():
    batches = [(values(1, 2, 2, 2, seed=seed), whole_numbers(1, 1, 2, 2, below=2, seed=seed)) for seed in (0, 1)]
    found = run_embedded(seg_accuracy("reset: false", *batches[0], then=[batches[1]]))

    pairs = [(label, found) for prediction, labels in batches
             for label, found in zip(labels.ravel(), prediction.argmax(1).ravel())]
    np.testing.assert_allclose(found[1]["top0.data"].ravel(), naive_measures(pairs, 2), rtol=1e-6)


def test_pixels_that_count_go_on_from_a_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(mat_net(
        'layer { name: "s" type: "SegAccuracy" bottom: "a" bottom: "b" top: "s" seg_accuracy_param { reset: false } }',
        inputs=[("a", (1, 2, 2, 2)), ("b", (1, 1, 2, 2))]))
    net = pycaffe.Net("net.prototxt", pycaffe.TEST)
    go_back = data_position.mark([net._engine])
    net.blobs["a"].data[...], net.blobs["b"].data[...] = values(1, 2, 2, 2), whole_numbers(1, 1, 2, 2, below=2)
    first = net.forward()["s"].copy()
    after_one = data_position.mark([net._engine])
    net.blobs["b"].data[...] = 1 - net.blobs["b"].data
    second = net.forward()["s"].copy()

    after_one()
    np.testing.assert_array_equal(net.forward()["s"], second)
    go_back()
    assert (net.forward()["s"] != second).any() and (first != second).any()


@pytest.mark.parametrize(("labels", "match"), [(np.zeros((1, 1, 2, 3)), "one label for each pixel"),
                                               (np.full((1, 1, 2, 2), 255), "found the label 255"),
                                               (np.full((1, 1, 2, 2), -1), "found the label -1")])
def test_labels_of_other_pixels_are_refused(labels, match):
    with pytest.raises(InputError, match=match):
        run_embedded(seg_accuracy("", values(1, 3, 2, 2), labels))


def test_labels_that_occur():
    labels = np.array([[3, 3, 255], [1, 0, 3]], np.float32).reshape(2, 1, 1, 3)
    case = Case('type: "UniqueLabel" unique_label_param { max_labels: 4 ignore_label: 255 force_label: 0 }', [labels],
                backward=False, force_backward=False)

    agree(case, {"top0.data": np.array([[0, 3, -1, -1], [0, 1, 3, -1]]).reshape(2, 4, 1, 1)})


@pytest.mark.parametrize(("text", "shape", "match"), [
    ("max_labels: 1 force_label: 0", (1, 1, 2, 2), "leaves no room"), ("max_labels: 2", (1, 2, 2, 2), "1 channel"),
    ("max_labels: 2", (1, 1, 2, 2), "found 4 labels in one image")])
def test_labels_without_room_are_refused(text, shape, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(f'type: "UniqueLabel" unique_label_param {{ {text} }}', [values(*shape)], backward=False,
                          force_backward=False))


@examples(10)
@given(shape=st.tuples(*[st.integers(1, 3)] * 4))
def test_spatial_products(shape):
    number, _, height, width = shape
    hold(Case('type: "SpatialProduct"', [values(*shape), values(number, 1, height, width, seed=1)]),
         lambda bottoms, params: [bottoms[0] * bottoms[1]])


def test_spatial_products_of_other_maps_are_refused():
    with pytest.raises(InputError, match="the second must be 1 1 3 4"):
        run_embedded(Case('type: "SpatialProduct"', [values(1, 2, 3, 4), values(1, 2, 3, 4)]))


# ---- MATLAB's files

def mat_net(layer, *, inputs=()):
    text = "".join(f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ '
                   f'{" ".join(f"dim: {length}" for length in shape)} }} }} }}\n' for name, shape in inputs)
    return text + layer


def test_blobs_are_written_and_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("one.jpg x\ntwo.jpg\n")
    (tmp_path / "write.prototxt").write_text(mat_net(
        'layer { name: "w" type: "MatWrite" bottom: "a" bottom: "b" mat_write_param { prefix: "out_" '
        'source: "list.txt" strip: 4 } }', inputs=[("a", (1, 2, 3, 4)), ("b", (1, 5))]))
    net = pycaffe.Net("write.prototxt", pycaffe.TEST)
    kept = []
    for seed in (0, 1):
        net.blobs["a"].data[...] = values(1, 2, 3, 4, seed=seed)
        net.blobs["b"].data[...] = values(1, 5, seed=seed)
        kept.append(net.blobs["a"].data.copy())
        net.forward()

    stored = scipy_io.loadmat("out_two_blob_0.mat")["data"]
    assert stored.shape == (4, 3, 2, 1) and stored.dtype == np.float32
    np.testing.assert_array_equal(stored.transpose(), kept[1])
    with pytest.raises(InputError, match="it is pass 3, and its `source` list"):
        net.forward()

    (tmp_path / "read.prototxt").write_text(mat_net(
        'layer { name: "r" type: "MatRead" top: "a" mat_read_param { prefix: "out_" source: "list.txt" strip: 4 '
        'batch_size: 3 } }'))
    net = pycaffe.Net("read.prototxt", pycaffe.TEST)
    go_back = data_position.mark([net._engine])
    for _ in range(2):
        read = net.forward()["a"]
        np.testing.assert_array_equal(read, np.concatenate([kept[0], kept[1], kept[0]]))
        go_back()


def test_passes_are_numbered_and_some_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(mat_net(
        'layer { name: "w" type: "MatWrite" bottom: "a" mat_write_param { prefix: "p" period: 2 } }',
        inputs=[("a", (1, 2))]))
    net = pycaffe.Net("net.prototxt", pycaffe.TEST)
    for _ in range(3):
        net.forward()

    assert sorted(path.name for path in tmp_path.glob("*.mat")) == ["piter_0_blob_0.mat", "piter_2_blob_0.mat"]


@pytest.mark.parametrize(("layer", "match"), [
    ('type: "MatWrite" bottom: "a" mat_write_param { }', "no `prefix`"),
    ('type: "MatWrite" bottom: "a" mat_write_param { prefix: "x" period: 0 }', "`period: 0`"),
    ('type: "MatWrite" bottom: "a" mat_write_param { prefix: "x" source: "none" }', "`source` none cannot be read"),
    ('type: "MatWrite" bottom: "a" mat_write_param { prefix: "x" source: "list" strip: 3 }', "leaves nothing"),
    ('type: "MatWrite" bottom: "a" mat_write_param { prefix: "x" source: "list" strip: -1 }', "`strip: -1`"),
    ('type: "MatWrite" bottom: "a" mat_write_param { prefix: "x" source: "empty" }', "has no names"),
    ('type: "MatRead" top: "m" mat_read_param { prefix: "x" batch_size: 0 }', "`batch_size: 0`"),
    ('type: "MatRead" top: "m" mat_read_param { prefix: "x" }', "xiter_0_blob_0.mat cannot be read"),
    ('type: "MatRead" top: "m" mat_read_param { prefix: "bad_" source: "list" }', "is no MATLAB file"),
    ('type: "MatRead" top: "m" mat_read_param { prefix: "text_" source: "list" }', "not an array of numbers"),
    ('type: "MatRead" top: "m" mat_read_param { prefix: "two_" source: "list" }', "must be one image")])
def test_files_that_are_none_are_refused(layer, match):
    def mat(data):
        content = io.BytesIO()
        scipy_io.savemat(content, {"data": data})
        return content.getvalue()

    files = {"list": b"abc\n", "empty": b"\n", "bad_abc_blob_0.mat": b"no such file" * 30,
             "text_abc_blob_0.mat": mat("text"), "two_abc_blob_0.mat": mat(np.zeros((1, 1, 1, 2)))}
    with pytest.raises(InputError, match=match):
        run_embedded(Case(f'layer {{ name: "layer" {layer} }}', {"a": values(1, 2)}, files=files, backward=False,
                          force_backward=False))


# ---- DeepSkeleton's

def test_scales_of_skeletons():
    scale = np.array([[0, 0.9, 1, 11.9, 12, 35, 36, 79, 80, 199, 200, 300, -1]], np.float32)

    agree(Case('type: "Quantize"', [scale], backward=False, force_backward=False),
          {"top0.data": [[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 0, 0]]})


def test_scales_that_a_field_sees():
    scale = np.array([[0, 0.00005, 1, 7, 13.9, 14, 40]], np.float32)
    case = Case('type: "Rescale" rescale_param { rf: 14 }', [scale], tops=2, backward=False, force_backward=False)

    agree(case, {"top0.data": [[0, 0, 2 / 14 - 1, 0, 2 * 13.9 / 14 - 1, 0, 0]], "top1.data": [[0, 0, 1, 1, 1, 0, 0]]})


def test_a_field_of_nothing_is_refused():
    with pytest.raises(InputError, match="`rf: 0`"):
        run_embedded(Case('type: "Rescale" rescale_param { rf: 0 }', [values(1, 2)], backward=False,
                          force_backward=False))


def test_the_rarer_weigh_more():
    x, targets = values(2, 1, 2, 3), np.array([[0, 0, 0, 0.5, 1, 0], [0, 0, 0, 0, 0, 0.2]]).reshape(2, 1, 2, 3)
    loss, diff = 0.0, np.zeros(x.shape)
    for i in range(2):
        part = np.mean(targets[i] < 0.001)
        weights = np.where(targets[i] < 0.001, 1 - part, part)
        loss += np.sum(weights * (x[i].astype(float) - targets[i])**2) / 2
        diff[i] = 0.5 * weights * (1 / (1 + np.exp(-x[i].astype(float))) - targets[i]) / 2

    agree(Case('type: "SigmoidEuclideanLoss" loss_weight: 0.5', [x, targets]),
          {"top0.data": loss, "bottom0.diff": diff})


def test_distances_to_other_counts_are_refused():
    with pytest.raises(InputError, match="must agree"):
        run_embedded(Case('type: "SigmoidEuclideanLoss"', [values(2, 3), values(2, 4)]))


# ---- weighted distances

@examples(10)
@given(shape=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_weighted_distances(shape):
    hold(Case('type: "WeightedEuclideanLoss"', [values(*shape, seed=seed, low=-1 + (seed == 2)) for seed in range(3)]),
         lambda bottoms, params: [np.sum(bottoms[2] * (bottoms[0] - bottoms[1])**2) / 2 / len(bottoms[0])],
         gradients=(0, 1))


@pytest.mark.parametrize("kind", ["WeightedEuclideanLoss", "EuclideanLoss"])
def test_weights_of_other_shapes_are_refused(kind):
    with pytest.raises(InputError, match="must agree"):
        run_embedded(Case(f'type: "{kind}"', [values(2, 3), values(2, 3), values(2, 1)]))


@examples(10)
@given(shape=st.lists(st.integers(1, 3), min_size=1, max_size=4), weight=st.sampled_from([1, 0.5]))
def test_distances_weighted_by_happynears_third_bottom(shape, weight):
    bottoms = [values(*shape, seed=seed) for seed in range(3)]
    arrays = [bottom.astype(np.float64) for bottom in bottoms]
    first_diff, second_diff = weighted_euclidean_loss_backward(*arrays, top_diff=weight)

    agree(Case(f'type: "EuclideanLoss" loss_weight: {weight}', bottoms), {
        "top0.data": weighted_euclidean_loss(*arrays), "bottom0.diff": first_diff, "bottom1.diff": second_diff})
