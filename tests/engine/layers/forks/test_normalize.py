"""Normalize of SSD and of NormFace."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import agree, hold
from fork_references.normalize import normalize
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import pycaffe
from cae_caffe.errors import InputError

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 4)) | st.tuples(*[st.integers(1, 4)] * 4)


@examples(30)
@given(shape=SHAPES, across_spatial=st.booleans(), channel_shared=st.booleans(), eps=st.sampled_from([1e-10, 0.1]))
def test_ssds_options(shape, across_spatial, channel_shared, eps):
    options = {"across_spatial": across_spatial, "channel_shared": channel_shared}
    text = " ".join(f"{name}: {str(value).lower()}" for name, value in options.items())
    case = Case(f'type: "Normalize" norm_param {{ {text} eps: {eps} }}', [values(*shape, low=0.2)],
                then=[[values(shape[0] + 1, *shape[1:], low=0.3, seed=5)]], passes=2)

    hold(case, lambda bottoms, params: [normalize(bottoms[0], params[0], eps=np.float32(eps), **options)],
         floor=0.01, reason="the gradient of a vector of one number is nothing but rounding")


def test_the_scale_is_1_and_a_scale_of_0_has_a_gradient():
    found, = run_embedded(Case('type: "Normalize" norm_param { channel_shared: false }', [values(2, 3, 2, 2)],
                               params="filled"))
    zero, = run_embedded(Case('type: "Normalize" norm_param { scale_filler { value: 0 } }', [values(2, 3, 2, 2)],
                              params="filled"))

    assert found["layer[0].data"].tolist() == [1, 1, 1]
    assert np.isfinite(zero["layer[0].diff"]) and zero["layer[0].diff"] != 0


def test_a_fixed_scale_has_no_gradient():
    found, = run_embedded(Case('type: "Normalize" norm_param { fix_scale: true }', [values(2, 3, 2, 2)]))

    assert not found["layer[0].diff"].any()


def normface(bottom, kind):
    norm = np.sqrt((bottom ** 2).sum(1, keepdims=True) + 1e-6) if kind == "L2" else (
        np.abs(bottom).sum(1, keepdims=True) + 1e-6)
    return [bottom / norm, norm]


@pytest.mark.parametrize("kind", ["L1", "L2"])
@pytest.mark.parametrize("shape", [(3, 4, 1, 1), (2, 3, 2, 3)])
def test_normfaces_norm(kind, shape):
    hold(Case(f'type: "Normalize" normalize_param {{ normalize_type: "{kind}" bp_norm: true }}',
              [values(*shape, low=0.1)], tops=2), lambda bottoms, params: normface(bottoms[0], kind))
    hold(Case(f'type: "Normalize" normalize_param {{ normalize_type: "{kind}" }}', [values(*shape, low=0.1)]),
         lambda bottoms, params: normface(bottoms[0], kind)[:1])


def test_normfaces_first_version_has_the_norm_in_softmax_param():
    hold(Case('type: "Normalize" softmax_param { normalize_type: "L1" }', [values(2, 3, 2, 3, low=0.1)]),
         lambda bottoms, params: normface(bottoms[0], "L1")[:1])


@pytest.mark.parametrize("kind", ["Softmax", "SoftmaxWithLoss"])
def test_other_layers_refuse_a_norm_there(kind):
    with pytest.raises(InputError, match=r"normalize_type: 'L2'.*put a Normalize layer"):
        run_embedded(Case(f'type: "{kind}" softmax_param {{ normalize_type: "L2" }}',
                          [values(2, 3), np.zeros(2, np.float32)][:1 + (kind != "Softmax")]))
    run_embedded(Case('type: "Softmax" softmax_param { normalize_type: "Softmax" }', [values(2, 3)]))


def test_normfaces_norm_gets_no_gradient_unless_told():
    case = Case('type: "Normalize"', [values(3, 4)], tops=2, top_diffs=[np.zeros((3, 4, 1, 1), np.float32)])

    agree(case, {"bottom0.diff": np.zeros((3, 4))})


def test_a_fixed_gradient_is_not_divided_by_the_norm():
    bottom = values(3, 4, 2, 2)
    plain, fixed = (run_embedded(Case(f'type: "Normalize" normalize_param {{ fix_gradient: {fix} }}', [bottom]))[0]
                    for fix in ("false", "true"))

    np.testing.assert_allclose(fixed["bottom0.diff"], plain["bottom0.diff"] * normface(bottom, "L2")[1], rtol=1e-5)
    np.testing.assert_array_equal(fixed["top0.data"], plain["top0.data"])


@pytest.mark.parametrize(("text", "shape", "parameters"), [
    ('type: "Normalize"', (3, 4), 0), ('type: "Normalize" param { lr_mult: 1 }', (3, 4), 1),
    ('type: "Normalize" norm_param {}', (3, 4), 1), ('type: "Normalize" normalize_param {}', (3, 4, 2, 2), 0)])
def test_whose_layer_it_is(text, shape, parameters):
    found, = run_embedded(Case(text, [values(*shape)]))

    assert sum(name.endswith("].data") for name in found) == parameters


@pytest.mark.parametrize(("text", "shape", "tops", "match"), [
    ("", (2, 3, 2, 2), 1, "norm_param.*normalize_param.*add the one"),
    ("norm_param {} normalize_param {}", (2, 3), 1, "give one of them"),
    ("norm_param {}", (2, 3), 2, "2 tops"),
    ('normalize_param { normalize_type: "L3" }', (2, 3), 1, "`L3`.*L1 or L2"),
    ("norm_param {}", (2,), 1, "2 to 4 axes"),
    ("norm_param {}", (2, 1, 1, 1, 1), 1, "at most four axes")])
def test_refusals(text, shape, tops, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(f'type: "Normalize" {text}', [values(*shape)], tops=tops))


def test_other_channels_than_the_scales_are_refused():
    with pytest.raises(InputError, match="scale is of 3 channels"):
        run_embedded(Case('type: "Normalize" norm_param { channel_shared: false }', [values(2, 3)],
                          then=[[values(2, 4)]]))


# A scale for each channel with `across_spatial` OpenCV takes for one image alone.
@pytest.mark.parametrize(("across_spatial", "channel_shared"), [
    ("true", "true"), ("false", "true"), ("false", "false")])
def test_opencv_normalizes_alike(tmp_path, across_spatial, channel_shared):
    cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")
    bottom = values(2, 3, 4, 5)
    (tmp_path / "net.prototxt").write_text(Case(
        f'type: "Normalize" norm_param {{ across_spatial: {across_spatial} channel_shared: {channel_shared} '
        'scale_filler { type: "uniform" min: 1 max: 9 } }', [bottom]).prototxt)
    net = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST)
    net.save(str(tmp_path / "net.caffemodel"))
    opencv = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"))

    net.blobs["bottom0"].data[...] = bottom
    opencv.setInput(bottom)

    np.testing.assert_allclose(net.forward()["top0"], opencv.forward(), rtol=1e-4, atol=1e-5)
