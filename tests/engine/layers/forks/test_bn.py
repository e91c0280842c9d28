"""BN: SegNet's and PSPNet's."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import agree, hold, top_weights
from fork_references.bn import pspnet_bn, pspnet_bn_backward, segnet_bn, segnet_bn_backward
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import pycaffe, schema
from cae_caffe.engine.layers import registry
from cae_caffe.errors import InputError

FILLERS = 'scale_filler { type: "constant" value: 2 } shift_filler { type: "constant" value: 3 }'
SHAPES = st.tuples(st.integers(2, 4), st.integers(1, 4), st.integers(1, 3), st.integers(2, 4))
# Of few values in a channel the derivative is the small rest of large terms that cancel, in float32.
FEW = {"tolerance": 1e-4, "floor": 1e-2, "reason": "terms that cancel, in float32"}


def params(channels, count, seed=0):
    """Scale, shift, and averages of which the variance is positive."""
    found = [values(1, channels, 1, 1, seed=seed + i) for i in range(count)]
    return [*found[:3], *(np.abs(found[3:]) + 0.1)]


def segnets(shape, options, **further):
    return Case(f'type: "BN" bn_param {{ {options} }}', [values(*shape)],
                **{"params": params(shape[1], 2), **further})


def pspnets(shape, options, **further):
    return Case(f'type: "BN" bn_param {{ {options} }}', [values(*shape)],
                **{"params": params(shape[1], 4), **further})


@examples(30)
@given(shape=SHAPES, mode=st.sampled_from(["LEARN", "INFERENCE"]), phase=st.sampled_from(["TRAIN", "TEST"]),
       in_place=st.booleans())
def test_segnets_in_both_modes_and_phases(shape, mode, phase, in_place):
    case = segnets(shape, f"bn_mode: {mode}", phase=phase, in_place=in_place)

    hold(case, lambda bottoms, found: segnet_bn(bottoms[0], *found, bn_mode=mode)[:1], **FEW)


@pytest.mark.parametrize("mode", ["LEARN", "INFERENCE"])
def test_segnets_gradient_in_place_is_of_what_the_bottom_was(mode):
    case = segnets((3, 2, 3, 4), f"bn_mode: {mode}", in_place=True)
    top = np.asarray(case.bottoms[0], np.float64)
    weights, = top_weights(case, {}, [top])
    diffs = segnet_bn_backward(top, case.params[0].astype(np.float64), weights, bn_mode=mode)

    agree(case, dict(zip(["bottom0.diff", "layer[0].diff", "layer[1].diff"], diffs)))


def test_segnets_further_tops_are_the_statistics():
    case = segnets((3, 2, 3, 4), FILLERS, tops=3, backward=False)

    hold(case, lambda bottoms, found: segnet_bn(bottoms[0], *found))


def test_the_gradient_of_the_statistics_does_not_count():
    one = run_embedded(segnets((3, 2, 3, 4), FILLERS))[0]
    three = run_embedded(segnets((3, 2, 3, 4), FILLERS, tops=3))[0]

    for name in ("bottom0.diff", "layer[0].diff", "layer[1].diff"):
        assert np.array_equal(one[name], three[name])


def test_fillers_and_a_later_batch():
    shape = (2, 3, 2, 2)
    case = segnets(shape, FILLERS, params="filled", passes=2, then=[[values(5, 3, 4, 1)]])

    passes = hold(case, lambda bottoms, found: segnet_bn(bottoms[0], *found)[:1], **FEW)

    assert (passes[0]["layer[0].data"] == 2).all()
    assert (passes[0]["layer[1].data"] == 3).all()


def test_a_channel_without_variance():
    hold(Case('type: "BN" bn_param { bn_mode: LEARN }', [np.full((2, 1, 2, 2), 5, np.float32)], backward=False,
              params=params(1, 2)), lambda bottoms, found: segnet_bn(bottoms[0], *found)[:1])


@examples(30)
@given(shape=SHAPES, phase=st.sampled_from(["TRAIN", "TEST"]), frozen=st.booleans(), in_place=st.booleans(),
       momentum=st.sampled_from([None, 0.5]), eps=st.sampled_from([None, 0.1]))
def test_pspnets(shape, phase, frozen, in_place, momentum, eps):
    options = {name: value for name, value in {"momentum": momentum, "eps": eps}.items() if value is not None}
    case = pspnets(shape, " ".join([f"frozen: {str(frozen).lower()}", *(f"{name}: {value}" for name, value
                                                                        in options.items())]),
                   phase=phase, in_place=in_place)
    bottom, parameters = case.bottoms[0].astype(np.float64), [array.astype(np.float64) for array in case.params]
    weights, = top_weights(case, {}, [bottom])
    top, mean, variance = pspnet_bn(bottom, *parameters, frozen=frozen, phase=phase, **options)
    options.pop("momentum", None)
    diffs = pspnet_bn_backward(bottom, parameters[0], *parameters[2:], weights, frozen=frozen, phase=phase, **options)

    agree(case, {f"{case.top_names[0]}.data": top, "layer[2].data": mean, "layer[3].data": variance,
                 **dict(zip(["bottom0.diff", "layer[0].diff", "layer[1].diff"], diffs))}, **FEW)


@pytest.mark.parametrize(("frozen", "fixed"), [("true", [0, 1, 2, 3]), ("false", [2, 3])])
def test_what_the_solver_leaves_alone(frozen, fixed):
    message = schema.parse_text("type: 'BN' param { lr_mult: 7 decay_mult: 7 } "
                                f"bn_param {{ frozen: {frozen} }}", schema.LayerParameter)

    registry.find("BN").complete(message)

    assert [i for i, spec in enumerate(message.param) if spec.lr_mult == spec.decay_mult == 0] == fixed
    assert len(message.param) == 4


def test_averages_after_two_batches():
    second = values(3, 2, 2, 5, seed=9)
    case = pspnets((2, 2, 3, 3), "momentum: 0.75", then=[[second]])
    found = case.params
    for bottom in (case.bottoms[0], second):
        found = [*found[:2], *pspnet_bn(bottom.astype(np.float64), *found, momentum=0.75)[1:]]

    last = run_embedded(case)[-1]

    np.testing.assert_allclose(last["layer[2].data"], found[2], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last["layer[3].data"], found[3], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("frozen", "start"), [("true", 1), ("false", 0)])
def test_where_averages_begin(frozen, start):
    results, = run_embedded(pspnets((2, 2, 2, 2), f"frozen: {frozen}", params="filled", phase="TEST"))

    assert (results["layer[2].data"] == 0).all()
    assert (results["layer[3].data"] == start).all()


@pytest.mark.parametrize(("options", "match"), [
    ("", r"no field that tells.*`--fork segnet` or `--fork pspnet`.*`# fork: segnet`"),
    ("bn_mode: LEARN frozen: true", "`bn_mode`.*`frozen`"),
])
def test_what_does_not_say_whose_it_is(options, match):
    with pytest.raises(InputError, match=match):
        run_embedded(segnets((2, 2, 2, 2), options))


@pytest.mark.parametrize(("options", "shape", "further", "match"), [
    ("bn_mode: LEARN", (3,), {}, "two axes or more"),
    ("bn_mode: INFERENCE", (2, 2, 2, 2), {"tops": 2}, "2 top blob"),
    ("frozen: true", (2, 2, 2, 2), {"tops": 2}, "2 top blob"),
    ("eps: -1", (2, 2, 2, 2), {}, "`eps` is -1"),
    ("bn_mode: LEARN", (2, 2, 2, 2), {"then": [[values(2, 3, 2, 2)]]}, "2 channels"),
])
def test_what_is_refused(options, shape, further, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(f'type: "BN" bn_param {{ {options} }}', [values(*shape)], params="filled", **further))


def test_two_axes():
    hold(segnets((4, 3), FILLERS), lambda bottoms, found: [
        segnet_bn(bottoms[0][..., None, None], *found)[0][..., 0, 0]], **FEW)


def test_v1_has_it():
    net = schema.parse_net('''input: "x" input_dim: 1 input_dim: 2 input_dim: 1 input_dim: 1
        layers { name: "bn" type: BN bottom: "x" top: "x" blobs_lr: 1 blobs_lr: 2
                 bn_param { bn_mode: INFERENCE scale_filler { type: "constant" value: 1 } } }''')

    assert net.layer[-1].type == "BN"
    assert net.layer[-1].bn_param.scale_filler.value == 1
    assert [spec.lr_mult for spec in net.layer[-1].param] == [1, 2]


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (1, 3), (3,)])
def test_weights_as_other_forks_store_them(tmp_path, shape):
    net = caffe_net(tmp_path, "frozen: true")
    message = schema.NetParameter()
    layer = message.layer.add(name="bn", type="BN")
    for number in range(4):
        layer.blobs.add(data=[number, 5, 6]).shape.dim.extend(shape)
    schema.write_binary(message, tmp_path / "weights.caffemodel")

    net.copy_from(str(tmp_path / "weights.caffemodel"))

    assert [blob.data.ravel().tolist() for blob in net.params["bn"]] == [[n, 5, 6] for n in range(4)]


def test_weights_of_other_channels_do_not_fit(tmp_path):
    net = caffe_net(tmp_path, "frozen: true")
    message = schema.NetParameter()
    layer = message.layer.add(name="bn", type="BN")
    for _ in range(4):
        layer.blobs.add(data=[1, 2]).shape.dim.extend((1, 2))
    schema.write_binary(message, tmp_path / "weights.caffemodel")

    with pytest.raises(InputError, match=r"1x2|1 2"):
        net.copy_from(str(tmp_path / "weights.caffemodel"))


def caffe_net(folder, options):
    path = folder / "net.prototxt"
    path.write_text(f'''layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: 1 dim: 3 }} }} }}
                        layer {{ name: "bn" type: "BN" bottom: "x" top: "y" bn_param {{ {options} }} }}''')
    return pycaffe.Net(str(path), pycaffe.TEST)
