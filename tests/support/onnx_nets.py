"""Random whole nets: layers of Caffe 1.0 and of forks in a row, with odd names, blobs read often, in place and shared.

A layer that the engine does not take behind those before it is left out, so that every net is one that it runs.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable

import numpy as np

from cae_caffe.errors import InputError
from cae_caffe.pycaffe import TEST, Net

# Of blobs and of layers: what users write, what the exporter's own names look like, and what is no identifier.
NAMES = ["x", "x_2", "x/x", "data", "conv1", "conv1/weight", "conv1/Conv", "constant", "N", "a b", "x.y", "größe",
         "x/bias", "numbers", "shape", "x/shape", "x/float16", "data/float16", "net", "1", "-1", "a\\b",
         "x/constant", "x/mul", "data/sub", "x/x_2", "x/data", "data/x", "/", "fc/weight", "loss", "prob", "é/x"]
LARGEST = 1e4       # value of a blob
FILLER = '{ type: "uniform" min: -1 max: 1 }'
ELEMENTWISE = ["AbsVal", "BNLL", "Sigmoid", "TanH", "ELU", "ReLU", "Dropout", "PReLU", "Exp", "Power", "Threshold",
               "Clip", "Swish", "ReLU6", "NegReLU"]


def net_text(seed: int, layers: int) -> str:
    """The prototxt of a net of at most so many layers behind its inputs; the same for the same seed."""
    maker = _Maker(random.Random(seed))
    for _ in range(layers):
        maker.add_layer()
    return maker.text


def net_of(text: str) -> Net:
    """The engine's net in phase TEST, with its fillers' parameters."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.prototxt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return Net(path, TEST)


class _Maker:
    def __init__(self, rng: random.Random):
        self.rng = rng
        self.used: set[str] = set()
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.text = ""
        batch = rng.choice([1, 2, 2, 4, 6])
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            rank = rng.choice([4, 4, 4, 4, 2, 2, 3, 5, 1, 0])
            first = batch if rng.random() < 0.8 else rng.choice([1, 2, 3])
            dims = [first, *(rng.randint(1, 6) for _ in range(rank - 1))][:rank]
            name = self.new_name()
            self.text += (f'layer {{ name: "{self.layer_name()}" type: "Input" top: "{name}" input_param {{ shape {{ '
                          + " ".join(f"dim: {dim}" for dim in dims) + " } } }\n").replace("\\", "\\\\")
            self.shapes[name] = tuple(dims)

    def new_name(self) -> str:
        name = self.rng.choice([one for one in NAMES if one not in self.used])
        self.used.add(name)
        return name

    def layer_name(self) -> str:
        return self.rng.choice(NAMES)

    def blob(self) -> str:
        names = list(self.shapes)
        return self.rng.choice(names[-3:] if self.rng.random() < 0.7 else names)

    def add_layer(self) -> None:
        for _ in range(8):
            kind = self.rng.choice(list(LAYERS))
            used = set(self.used)
            text = self.written(kind)
            net = self._taken(self.text + text)
            if net is not None:
                self.text += text
                self.shapes = {name: tuple(net.blobs[name].shape) for name in net.blobs if name in self.used}
                return
            self.used = used

    def _taken(self, text: str) -> Net | None:
        """The net, if the engine takes it and computes numbers that are no rounding of larger ones."""
        try:
            net = net_of(text)
        except InputError:
            return None
        net.forward()
        sound = all(np.isfinite(blob.data).all() and np.abs(blob.data).max(initial=0) < LARGEST
                    for blob in net.blobs.values())
        return net if sound else None

    def written(self, kind: str) -> str:
        """A layer of this type; the engine may refuse it."""
        bottoms, tops, options = LAYERS[kind](self, kind)
        # MVN in place gives its blob four axes, also for the layers before it.
        may_be_in_place = bottoms and tops == 1 and not (kind == "MVN" and len(self.shapes[bottoms[0]]) < 4)
        if may_be_in_place and self.rng.random() < 0.3:
            names = [bottoms[0]]
        else:
            names = [self.new_name() for _ in range(tops)]
        words = [f'name: "{self.layer_name()}"', f'type: "{kind}"', *(f'bottom: "{one}"' for one in bottoms),
                 *(f'top: "{one}"' for one in names), options]
        return "layer { " + " ".join(words).replace("\\", "\\\\") + " }\n"

    def maybe(self, text: str, chance: float = 0.5) -> str:
        return text if self.rng.random() < chance else ""

    def shared(self) -> str:
        return self.maybe(f'param {{ name: "w{self.rng.randint(1, 2)}" }} ', 0.15)

    def axis(self, name: str) -> int:
        rank = max(1, len(self.shapes[name]))
        return self.rng.randint(-rank, rank - 1)


Written = Callable[[_Maker, str], "tuple[list[str], int, str]"]
LAYERS: dict[str, Written] = {}


def _writes(*kinds: str):
    def add(function: Written) -> Written:
        LAYERS.update(dict.fromkeys(kinds, function))
        return function
    return add


@_writes(*ELEMENTWISE)
def _elementwise(maker, kind):
    rng, options = maker.rng, ""
    if kind == "ReLU":
        options = maker.maybe("relu_param { negative_slope: 0.3 }")
    elif kind == "PReLU":
        options = f"prelu_param {{ filler {FILLER} {maker.maybe('channel_shared: true')} }}"
    elif kind == "Power":
        options = (f"power_param {{ power: {rng.choice([1, 2, 0, 3])} scale: {rng.choice([1, -0.5, 0])} "
                   f"shift: {rng.choice([0, 1, 0.3])} }}")
    elif kind == "Exp":
        options = (f"exp_param {{ base: {rng.choice([-1, 2])} scale: {rng.choice([1, -0.5])} "
                   f"shift: {rng.choice([0, 0.3])} }}")
    elif kind == "Clip":
        options = "clip_param { min: -0.5 max: 0.4 }"
    elif kind == "Threshold":
        options = f"threshold_param {{ threshold: {rng.choice([0, 0.1234])} }}"
    return [maker.blob()], 1, options


@_writes("Convolution", "Deconvolution")
def _convolution(maker, kind):
    rng = maker.rng
    options = (f"num_output: {rng.choice([1, 2, 4, 6])} kernel_size: {rng.choice([1, 1, 2, 3])} "
               f"stride: {rng.choice([1, 1, 2])} pad: {rng.choice([0, 0, 1, 2])} group: {rng.choice([1, 1, 1, 2])} "
               f"dilation: {rng.choice([1, 1, 2])} weight_filler {FILLER} bias_filler {FILLER} "
               + maker.maybe("bias_term: false", 0.3)
               + maker.maybe(f" axis: {rng.choice([0, 2, -1])}", 0.1))
    return [maker.blob()], 1, f"{maker.shared()} convolution_param {{ {options} }}"


@_writes("InnerProduct")
def _inner_product(maker, kind):
    rng, x = maker.rng, maker.blob()
    return [x], 1, (f"{maker.shared()} inner_product_param {{ num_output: {rng.randint(1, 6)} weight_filler {FILLER} "
                    f"bias_filler {FILLER} {maker.maybe('bias_term: false', 0.3)} "
                    f"{maker.maybe('transpose: true', 0.3)} {maker.maybe(f'axis: {maker.axis(x)}', 0.3)} }}")


@_writes("Pooling")
def _pooling(maker, kind):
    rng = maker.rng
    where = "global_pooling: true" if rng.random() < 0.2 else \
        f"kernel_size: {rng.randint(1, 4)} stride: {rng.randint(1, 3)} pad: {rng.choice([0, 0, 1])}"
    method = rng.choice(["MAX", "AVE", "MAX", "STOCHASTIC"])
    tops = 2 if method == "MAX" and rng.random() < 0.2 else 1
    return [maker.blob()], tops, f"pooling_param {{ pool: {method} {where} }}"


@_writes("LRN")
def _lrn(maker, kind):
    return [maker.blob()], 1, (f"lrn_param {{ local_size: {maker.rng.choice([1, 3, 5])} alpha: 0.5 beta: 0.75 k: 2 "
                               f"norm_region: {maker.rng.choice(['ACROSS_CHANNELS', 'WITHIN_CHANNEL'])} }}")


@_writes("BatchNorm")
def _batch_norm(maker, kind):
    return [maker.blob()], 1, "batch_norm_param { " + maker.maybe("use_global_stats: false", 0.3) + " }"


@_writes("MVN")
def _mvn(maker, kind):
    return [maker.blob()], 1, ("mvn_param { " + maker.maybe("across_channels: true ")
                               + maker.maybe("normalize_variance: false") + " }")


@_writes("Scale", "Bias")
def _scale(maker, kind):
    rng, x = maker.rng, maker.blob()
    name = kind.lower()
    options = f"axis: {maker.axis(x)} " if rng.random() < 0.5 else ""
    bottoms = [x]
    if rng.random() < 0.3:
        bottoms.append(maker.blob())
        options += maker.maybe("axis: 0 ") if "axis" not in options else ""
    else:
        options += f"num_axes: {rng.choice([-1, 0, 1, 1, 2])} filler {FILLER} "
    if kind == "Scale":
        options += maker.maybe(f"bias_term: true bias_filler {FILLER}")
    return bottoms, 1, f"{maker.shared()} {name}_param {{ {options} }}"


@_writes("Eltwise")
def _eltwise(maker, kind):
    rng, x = maker.rng, maker.blob()
    alike = [name for name, shape in maker.shapes.items() if shape == maker.shapes[x]]
    bottoms = [x, *rng.choices(alike, k=rng.randint(1, 3))]
    operation = rng.choice(["SUM", "PROD", "MAX"])
    coefficients = ""
    if operation == "SUM" and rng.random() < 0.5:
        coefficients = "".join(f" coeff: {rng.choice([1, -1, 0.5, 0])}" for _ in bottoms)
    return bottoms, 1, f"eltwise_param {{ operation: {operation}{coefficients} }}"


@_writes("Concat")
def _concat(maker, kind):
    rng, x = maker.rng, maker.blob()
    alike = [name for name, shape in maker.shapes.items() if len(shape) == len(maker.shapes[x])]
    return [x, *rng.choices(alike, k=rng.randint(0, 2))], 1, f"concat_param {{ axis: {maker.axis(x)} }}"


@_writes("Slice")
def _slice(maker, kind):
    rng, x = maker.rng, maker.blob()
    axis = maker.axis(x)
    length = maker.shapes[x][axis] if maker.shapes[x] else 1
    tops = rng.randint(1, 3)
    points = ""
    if rng.random() < 0.5 and length > tops:
        points = "".join(f" slice_point: {point}" for point in sorted(rng.sample(range(1, length), tops - 1)))
    return [x], tops, f"slice_param {{ axis: {axis}{points} }}"


@_writes("Crop")
def _crop(maker, kind):
    rng, x = maker.rng, maker.blob()
    alike = [name for name, shape in maker.shapes.items() if len(shape) == len(maker.shapes[x])]
    return [x, rng.choice(alike)], 1, f"crop_param {{ axis: {maker.axis(x)} {maker.maybe('offset: 0')} }}"


@_writes("Tile")
def _tile(maker, kind):
    x = maker.blob()
    return [x], 1, f"tile_param {{ axis: {maker.axis(x)} tiles: {maker.rng.randint(1, 3)} }}"


@_writes("Reshape")
def _reshape(maker, kind):
    rng, x = maker.rng, maker.blob()
    shape = maker.shapes[x]
    dims = rng.choice([[0, -1], [-1], [-1, 1], [0, 0, -1], [0, -1, 1, 1], [1, -1], [0, 1, -1], list(shape), [0, 2, -1]])
    where = maker.maybe(f"axis: {maker.axis(x)} num_axes: {rng.choice([-1, 0, 1, 2])}", 0.3)
    return [x], 1, f"reshape_param {{ shape {{ {' '.join(f'dim: {dim}' for dim in dims)} }} {where} }}"


@_writes("Flatten")
def _flatten(maker, kind):
    x = maker.blob()
    return [x], 1, maker.maybe(f"flatten_param {{ axis: {maker.axis(x)} end_axis: {maker.axis(x)} }}")


@_writes("Softmax")
def _softmax(maker, kind):
    x = maker.blob()
    return [x], 1, f"softmax_param {{ axis: {maker.axis(x)} }}"


@_writes("ArgMax")
def _argmax(maker, kind):
    x = maker.blob()
    return [x], 1, (f"argmax_param {{ top_k: {maker.rng.choice([1, 1, 2])} {maker.maybe('out_max_val: true')} "
                    f"{maker.maybe(f'axis: {maker.axis(x)}')} }}")


@_writes("Reduction")
def _reduction(maker, kind):
    x = maker.blob()
    return [x], 1, (f"reduction_param {{ operation: {maker.rng.choice(['SUM', 'MEAN', 'ASUM', 'SUMSQ'])} "
                    f"axis: {maker.axis(x)} {maker.maybe('coeff: 0.5')} }}")


@_writes("Split")
def _split(maker, kind):
    return [maker.blob()], maker.rng.randint(1, 2), ""


@_writes("Parameter")
def _parameter(maker, kind):
    shape = maker.shapes[maker.blob()]
    return [], 1, f"parameter_param {{ shape {{ {' '.join(f'dim: {dim}' for dim in shape)} }} }}"


@_writes("DummyData")
def _dummy(maker, kind):
    shape = maker.shapes[maker.blob()]
    return [], 1, (f"dummy_data_param {{ shape {{ {' '.join(f'dim: {dim}' for dim in shape)} }} "
                   f"data_filler {{ value: {maker.rng.choice([0, 1, -0.25])} }} }}")


@_writes("SPP")
def _spp(maker, kind):
    method = maker.rng.choice(["MAX", "AVE"])
    return [maker.blob()], 1, f"spp_param {{ pyramid_height: {maker.rng.randint(1, 2)} pool: {method} }}"


@_writes("Im2col")
def _im2col(maker, kind):
    rng = maker.rng
    return [maker.blob()], 1, f"convolution_param {{ kernel_size: {rng.randint(1, 2)} pad: {rng.randint(0, 1)} }}"


@_writes("Permute")
def _permute(maker, kind):
    x = maker.blob()
    order = list(range(len(maker.shapes[x])))
    maker.rng.shuffle(order)
    return [x], 1, f"permute_param {{ {' '.join(f'order: {axis}' for axis in order)} }}"


@_writes("Normalize")
def _normalize(maker, kind):
    return [maker.blob()], 1, f"norm_param {{ {maker.maybe('across_spatial: false')} scale_filler {FILLER} }}"


@_writes("ShuffleChannel")
def _shuffle(maker, kind):
    return [maker.blob()], 1, f"shuffle_channel_param {{ group: {maker.rng.choice([1, 2])} }}"


@_writes("BN")
def _bn(maker, kind):
    return [maker.blob()], 1, f"bn_param {{ slope_filler {FILLER} bias_filler {FILLER} }}"


@_writes("Silence")
def _silence(maker, kind):
    return [maker.blob()], 0, ""


@_writes("Interp")
def _interp(maker, kind):
    return [maker.blob()], 1, f"interp_param {{ height: {maker.rng.randint(1, 7)} width: {maker.rng.randint(1, 7)} }}"
