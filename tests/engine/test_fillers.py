"""Fillers: byte for byte what real Caffe fills, and refusing what it refuses."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

from cae_caffe.engine import fillers, rng
from cae_caffe.errors import InputError

DEFAULTS = {"type": "constant", "value": 0.0, "min": 0.0, "max": 1.0, "mean": 0.0, "std": 1.0, "sparse": -1,
            "variance_norm": "FAN_IN", "diag_val": ()}
INFINITY, NAN = float("inf"), float("nan")
LARGEST = float(np.finfo(np.float32).max)


def parameters(**fields):
    return SimpleNamespace(**{**DEFAULTS, **fields})


def text(fields):
    """The fields of a FillerParameter as prototxt."""
    return " ".join(f'{name}: "{value}"' if name == "type" else f"{name}: {value}" for name, value in fields.items())


def bits(values):
    return np.ascontiguousarray(values).view(np.uint32).tolist()


def digest(values):
    return hashlib.sha256(values.tobytes()).hexdigest()


# ---- known bytes: of real Caffe, for seeds 1 and 1701

def sparse(count):
    return {"type": "gaussian", "std": 1, "sparse": count}


CLASSIC = [((1000, 784), sparse(15)), ((500, 1000), sparse(15))]
CONVOLUTIONAL = [((4, 1, 9, 9), {"type": "xavier"}), ((2, 4, 9, 9), {"type": "xavier"}), ((250, 288), sparse(25))]


@pytest.mark.parametrize("seed, blobs, words, digests", [
    (1, CLASSIC, 2_620_964, ["e30df23c7f1e735c2d93878e7f43fb619b8f72168d082a92076394d93e84d762",
                             "1e970041ea767fa30f41b7938823c1ce3a94bab1c5df24428fbfbb595d12494f"]),
    (1701, CLASSIC, 2_620_329, ["e34b544daf0909ab8c454d5bbd28fbd6462ed1e11548838745e7c84d0e2c6756",
                                "5f03da14cd6018a3195d4588380fa0e5962d63866ea4caa8a7e63a455eedef92"]),
    (1, CONVOLUTIONAL, 147_832, ["ed263d7ca53424506ef06cbe96ed90efae2bf09552d7becbee378ffbf43045da",
                                 "6992599b719fdc9c87a475fe9b361a65834817a40cdcd91894b1fc3e3708efc7",
                                 "ef6bda969b04e08866b010689b9a0e055ca0b6bb9eda81757b197de46f19d128"]),
    (1701, CONVOLUTIONAL, 147_846, ["0b693307cbc4e093aac2ec23aeb20b641f49dff3bf4068162f066438bee88ebd",
                                    "af12a1784dd98d56862f730af3da93acd506c5d91d180687ac5faf90532965a7",
                                    "a741dc621aab040f21540fbeefb954f402653d8f96258d0c416c2d2e90a64a30"]),
])
def test_known_bytes(seed, blobs, words, digests):
    stream = rng.Stream(seed)
    assert [digest(fillers.fill(stream, shape, parameters(**fields))) for shape, fields in blobs] == digests
    assert stream.words_drawn == words


def test_sparse_weights_keep_their_share_and_the_sign_of_zero():
    weights = fillers.fill(rng.Stream(1), (1000, 784), parameters(**sparse(15)))
    assert np.count_nonzero(weights) == 11_634
    assert np.count_nonzero(np.signbit(weights) & (weights == 0)) == 386_462


def test_a_fill_is_a_new_array_of_the_shape():
    values = fillers.fill(rng.Stream(1), [2, 3], parameters(value=0.1))
    assert values.dtype == np.float32 and values.flags.writeable
    assert values.tolist() == [[float(np.float32(0.1))] * 3] * 2


# ---- real Caffe: blobs of any shape, through DummyData, in one net on one stream

SHAPES = [(4, 5, 6, 7), (13,), (3, 1, 1, 9), (7, 11), (2, 3, 4), (1, 200)]
RANGES = [(-0.25, 0.75), (-1, 0), (0, 0), (5, 5), (0, 1e-44), (-1e-45, 0), (0, INFINITY), (0, LARGEST),
          (-3e38, 3e38), (-LARGEST, LARGEST)]
FILLED = [
    *(((size, 1, size, size), {"type": "bilinear"}) for size in (1, 2, 3, 4, 5, 6, 7, 13, 32)),
    *(((997,), {"type": "uniform", "min": low, "max": high}) for low, high in RANGES),
    *((shape, {"type": kind, "variance_norm": norm}) for shape in SHAPES for kind in ("xavier", "msra")
      for norm in ("FAN_IN", "FAN_OUT", "AVERAGE")),
    *((shape, {"type": "gaussian", "mean": 0.1, "std": 2.5, "sparse": count}) for shape in SHAPES
      for count in (-1, 0, 1, shape[0])),
    *((shape, {"type": "positive_unitball"}) for shape in [*SHAPES, (40, 500)]),
    ((), {"type": "constant", "value": -0.0}),
    ((), {"type": "uniform"}),
    ((), {"type": "gaussian"}),
    ((50,), {"type": "gaussian", "std": INFINITY, "sparse": 10}),
    ((50,), {"type": "gaussian", "std": 1e-44, "sparse": 10}),
]

FORWARD = """
import caffe
def main(net, seed):
    net = caffe.Net(net, caffe.TRAIN)
    caffe.set_random_seed(seed)
    net.forward()
    return [blob.data.copy() for blob in net.blobs.values()]
"""


def dummy_data(name, shape, fields):
    dims = " ".join(f"dim: {size}" for size in shape)
    return (f'layer {{ name: "{name}" type: "DummyData" top: "{name}" '
            f"dummy_data_param {{ shape {{ {dims} }} data_filler {{ {text(fields)} }} }} }}\n")


def test_every_filler_fills_any_shape_as_caffe_does(real_caffe, tmp_path):
    net = tmp_path / "net.prototxt"
    net.write_text("".join(dummy_data(f"x{index}", *blob) for index, blob in enumerate(FILLED)))
    stream = rng.Stream(1701)
    for (shape, fields), expected in zip(FILLED, real_caffe(FORWARD, net=str(net), seed=1701), strict=True):
        assert bits(fillers.fill(stream, shape, parameters(**fields))) == bits(expected.reshape(shape)), (shape, fields)


# ---- real Caffe: parameters of its layers, in the order of a net, from a solver's random_seed

def net_text(*layers):
    """A chain of (type, parameters in prototxt) behind a 3x12x12 input."""
    chain = ['layer { name: "0" type: "Input" top: "0" input_param { shape { dim: 2 dim: 3 dim: 12 dim: 12 } } }']
    for index, (kind, settings) in enumerate(layers):
        chain.append(f'layer {{ name: "{index + 1}" type: "{kind}" bottom: "{index}" top: "{index + 1}" {settings} }}')
    return "\n".join(chain)


def learnable(kind, name, settings, weight, bias=None):
    """A layer of that type with its fillers, for `net_text`, and the fillers of its blobs."""
    bias_text = f"bias_filler {{ {text(bias)} }}" if bias else "bias_term: false"
    layer = kind, f"{name} {{ {settings} weight_filler {{ {text(weight)} }} {bias_text} }}"
    return layer, [weight, bias] if bias else [weight]


def convolution(kind, settings, weight, bias=None):
    return learnable(kind, "convolution_param", settings, weight, bias)


def inner_product(settings, weight, bias=None):
    return learnable("InnerProduct", "inner_product_param", settings, weight, bias)


NETS = {
    "convolutional": [
        convolution("Convolution", "num_output: 6 kernel_size: 3 group: 3", {"type": "xavier"}, {"type": "constant"}),
        convolution("Convolution", "num_output: 8 kernel_h: 3 kernel_w: 2",
                    {"type": "msra", "variance_norm": "FAN_OUT"}, {"type": "uniform", "min": -0.1, "max": 0.1}),
        convolution("Deconvolution", "num_output: 4 kernel_size: 5", {"type": "xavier", "variance_norm": "AVERAGE"},
                    {"type": "xavier"}),
        convolution("Deconvolution", "num_output: 4 kernel_size: 4 stride: 2 group: 4", {"type": "bilinear"}),
        convolution("Deconvolution", "num_output: 2 kernel_size: 1 group: 2", {"type": "msra"}, {"type": "gaussian"}),
    ],
    "dense": [
        inner_product("num_output: 40", {"type": "gaussian", "sparse": 15}, {"type": "constant", "value": 0.5}),
        inner_product("num_output: 30 transpose: true", {"type": "gaussian", "std": 0.1, "sparse": 25},
                      {"type": "gaussian", "mean": 1}),
        inner_product("num_output: 20", {"type": "positive_unitball"}),
        inner_product("num_output: 10", {"type": "gaussian", "sparse": 10}, {"type": "msra"}),
        inner_product("num_output: 10 transpose: true", {"type": "xavier", "variance_norm": "FAN_OUT"},
                      {"type": "uniform"}),
    ],
}

BUILD = """
import caffe
def main(net, solver):
    def blobs(net):
        return [blob.data.copy() for layer in net.layers for blob in layer.blobs]
    return blobs(caffe.SGDSolver(solver).net), blobs(caffe.Net(net, caffe.TEST))
"""


@pytest.mark.parametrize("seed", [1, 1701, 2**32 + 7])
@pytest.mark.parametrize("name", NETS)
def test_parameters_of_a_net_and_of_the_next_are_caffes(real_caffe, tmp_path, name, seed):
    net, solver = tmp_path / "net.prototxt", tmp_path / "solver.prototxt"
    net.write_text(net_text(*(layer for layer, _ in NETS[name])))
    solver.write_text(f'net: "{net}" random_seed: {seed} base_lr: 0.1 lr_policy: "fixed"')
    stream = rng.Stream(seed)
    for built in real_caffe(BUILD, net=str(net), solver=str(solver)):       # the second net continues the stream
        fields = [each for _, blobs in NETS[name] for each in blobs]
        for blob, expected in zip(fields, built, strict=True):
            assert bits(fillers.fill(stream, expected.shape, parameters(**blob))) == bits(expected), blob


# ---- what is refused

REFUSED = [
    ((8,), {"type": "nope"}, "type `nope` does not exist; the types are bilinear, constant, diagonal"),
    ((0, 3), {"type": "constant"}, "cannot fill an empty blob, one of shape 0x3"),
    ((8,), {"type": "gaussian", "std": 0}, "`std` above 0, not 0"),
    ((8,), {"type": "gaussian", "std": -1}, "`std` above 0, not -1"),
    ((8,), {"type": "gaussian", "std": NAN}, "`std` above 0, not nan"),
    ((8, 30), {"type": "gaussian", "sparse": 9}, "`sparse: 9` .* shape 8x30: .* `sparse` must be 0 to 8, or -1"),
    ((8, 30), {"type": "gaussian", "sparse": -2}, "`sparse: -2` .* `sparse` must be 0 to 8, or -1"),
    ((), {"type": "gaussian", "sparse": 0}, "at least one axis"),
    ((8,), {"type": "xavier", "sparse": 0}, "`sparse: 0` in a filler of type `xavier` is not supported"),
    ((8,), {"type": "constant", "sparse": 2}, "only `gaussian` can be sparse"),
    ((8,), {"type": "uniform", "min": 2, "max": 1}, "from `min: 2.0` to `max: 1.0`"),
    ((8,), {"type": "uniform", "min": NAN}, "from `min: nan`"),
    ((8,), {"type": "uniform", "min": -INFINITY}, "`min` must be a finite float32"),
    ((), {"type": "xavier"}, "`xavier` filler needs a blob with at least one axis"),
    ((), {"type": "msra"}, "`msra` filler needs a blob with at least one axis"),
    ((), {"type": "positive_unitball"}, "`positive_unitball` filler needs a blob with at least one axis"),
    ((8, 2, 2), {"type": "bilinear"}, "four axes with square kernels, not one of shape 8x2x2"),
    ((1, 1, 2, 3), {"type": "bilinear"}, "four axes with square kernels, not one of shape 1x1x2x3"),
]


@pytest.mark.parametrize("shape, fields, message", REFUSED)
def test_refused(shape, fields, message):
    with pytest.raises(InputError, match=message):
        fillers.fill(rng.Stream(1), shape, parameters(**fields))


def test_a_uniform_range_above_all_floats_is_refused_where_caffe_would_hang():
    with pytest.raises(InputError, match="below the largest"):
        fillers.fill(rng.Stream(1), (8,), parameters(type="uniform", min=INFINITY, max=INFINITY))


SURVIVES = """
import os, caffe
def main(nets):
    return [survives(net) for net in nets]

def survives(net):
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        caffe.Net(net, caffe.TRAIN).forward()
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0
"""


def test_caffe_aborts_on_all_that_is_refused(real_caffe, tmp_path):
    nets = [tmp_path / f"{index}.prototxt" for index in range(len(REFUSED) + 1)]
    blobs = [*((shape, fields) for shape, fields, _ in REFUSED), ((8,), {"type": "gaussian"})]
    for net, blob in zip(nets, blobs, strict=True):
        net.write_text(dummy_data("x", *blob))
    assert real_caffe(SURVIVES, nets=[str(net) for net in nets]) == [False] * len(REFUSED) + [True]


def test_two_fillers_of_one_name_are_an_error():
    with pytest.raises(ValueError, match="Two fillers are named 'xavier'"):
        fillers._filler("xavier")(None)


# ---- those of forks

@pytest.mark.parametrize(("shape", "values"), [((2, 2, 1, 1), (3, -0.5)), ((3, 2), ()), ((2, 3, 3, 1), (6,))])
def test_a_diagonal_of_flownets_fork(shape, values):
    found = fillers.fill(rng.Stream(1), shape, parameters(type="diagonal", diag_val=values))

    wanted = np.zeros(shape)
    for i in range(min(shape[:2])):
        wanted[i, i] = (values[i] if i < len(values) else 1) / np.prod(shape[2:])
    np.testing.assert_array_equal(found, wanted.astype(np.float32))


def test_an_identity_of_happynears_fork():
    found = fillers.fill(rng.Stream(1), (3, 3, 1, 1), parameters(type="identity"))

    np.testing.assert_array_equal(found.reshape(3, 3), np.eye(3))


def test_rows_of_length_one_of_happynears_fork():
    found = fillers.fill(rng.Stream(1), (4, 5), parameters(type="gaussian_unitball"))
    drawn = fillers.fill(rng.Stream(1), (4, 5), parameters(type="gaussian"))

    np.testing.assert_allclose(found, drawn / np.linalg.norm(drawn, axis=1, keepdims=True), rtol=1e-6)


@pytest.mark.parametrize(("kind", "shape", "match"), [
    ("diagonal", (3,), "two to four axes"), ("identity", (2, 3), "as many inputs as outputs"),
    ("identity", (), "at least one axis"), ("gaussian_unitball", (), "at least one axis")])
def test_shapes_that_forks_fillers_cannot_fill(kind, shape, match):
    with pytest.raises(InputError, match=match):
        fillers.fill(rng.Stream(1), shape, parameters(type=kind))
