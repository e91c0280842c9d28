"""Nets that everybody trains first, as architectures of published papers and tutorials, in this package's net_spec.

Each function returns a NetParameter whose data come from HDF5 files, and takes sizes that tests shrink; `write` puts a
net, its data and a solver into a folder, ready for `caffe train`.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from cae_caffe import schema
from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

WEIGHT_AND_BIAS = [{"lr_mult": 1}, {"lr_mult": 2}]
TRAIN_LIST = "train.txt"


def _gaussian(std: float, **more) -> dict:
    return dict(type="gaussian", std=std, **more)


def _twice_for_biases(name: str | None) -> list[dict]:
    """`param` blocks with double rate for biases, shared by `name` if there is one."""
    return [{**block, **({"name": f"{name}_{half}"} if name else {})} for block, half in zip(WEIGHT_AND_BIAS, "wb")]


def _labelled(batch: int):
    return L.HDF5Data(source=TRAIN_LIST, batch_size=batch, ntop=2)


def lenet(batch: int):
    """LeCun's digit classifier as Caffe's first example has it: ReLU for sigmoids, images of 28x28 with labels."""
    n = NetSpec()
    n.data, n.label = _labelled(batch)
    _digit_layers(n, n.data, "", shared=False)
    n.loss = L.SoftmaxWithLoss(n.ip2, n.label)
    return n.to_proto()


def siamese(batch: int):
    """Two LeNets of one set of weights, whose two-dimensional codes of a pair of digits a contrastive loss compares."""
    n = NetSpec()
    n.pair_data, n.sim = _labelled(batch)
    n.data, n.data_p = L.Slice(n.pair_data, axis=1, slice_point=1, ntop=2)
    for side in ("", "_p"):
        _digit_layers(n, n["data" + side], side, shared=True)
        n["feat" + side] = _dense(n["ip2" + side], 2, "feat")
    n.loss = L.ContrastiveLoss(n.feat, n.feat_p, n.sim, margin=1)
    return n.to_proto()


def _digit_layers(n, bottom, side: str, shared: bool) -> None:
    for number, outputs in (("1", 20), ("2", 50)):
        name = "conv" + number
        n[name + side] = L.Convolution(bottom, num_output=outputs, kernel_size=5, weight_filler={"type": "xavier"},
                                       param=_twice_for_biases(name if shared else None))
        bottom = n["pool" + number + side] = L.Pooling(n[name + side], pool="MAX", kernel_size=2, stride=2)
    n["ip1" + side] = _dense(bottom, 500, "ip1" if shared else None)
    n["relu1" + side] = L.ReLU(n["ip1" + side], in_place=True)
    n["ip2" + side] = _dense(n["relu1" + side], 10, "ip2" if shared else None)


def _dense(bottom, outputs: int, share: str | None):
    return L.InnerProduct(bottom, num_output=outputs, weight_filler={"type": "xavier"}, param=_twice_for_biases(share))


def cifar10_quick(batch: int):
    """The small classifier of Caffe's CIFAR-10 example: three convolutions, images of 3x32x32 with labels."""
    n = NetSpec()
    n.data, n.label = _labelled(batch)
    n.conv1 = _cifar_convolution(n.data, 32, 0.0001)
    n.pool1 = L.Pooling(n.conv1, pool="MAX", kernel_size=3, stride=2)
    n.relu1 = L.ReLU(n.pool1, in_place=True)
    bottom = n.relu1
    for number, outputs in (("2", 32), ("3", 64)):
        bottom = _convolution_and_average(n, number, bottom, outputs)
    n.ip1 = L.InnerProduct(bottom, num_output=64, weight_filler=_gaussian(0.1), param=WEIGHT_AND_BIAS)
    n.ip2 = L.InnerProduct(n.ip1, num_output=10, weight_filler=_gaussian(0.1), param=WEIGHT_AND_BIAS)
    n.loss = L.SoftmaxWithLoss(n.ip2, n.label)
    return n.to_proto()


def cifar10_full(batch: int):
    """Krizhevsky's CIFAR-10 net with normalization within channels (18 % error)."""
    n = NetSpec()
    n.data, n.label = _labelled(batch)
    n.conv1 = _cifar_convolution(n.data, 32, 0.0001)
    n.pool1 = L.Pooling(n.conv1, pool="MAX", kernel_size=3, stride=2)
    n.relu1 = L.ReLU(n.pool1, in_place=True)
    n.norm1 = _norm_within(n.relu1)
    n.norm2 = _norm_within(_convolution_and_average(n, "2", n.norm1, 32))
    bottom = _convolution_and_average(n, "3", n.norm2, 64)
    n.ip1 = L.InnerProduct(bottom, num_output=10, weight_filler=_gaussian(0.01),
                           param=[{"lr_mult": 1, "decay_mult": 250}, {"lr_mult": 2, "decay_mult": 0}])
    n.loss = L.SoftmaxWithLoss(n.ip1, n.label)
    return n.to_proto()


def _cifar_convolution(bottom, outputs: int, std: float):
    return L.Convolution(bottom, num_output=outputs, pad=2, kernel_size=5, weight_filler=_gaussian(std),
                         param=WEIGHT_AND_BIAS)


def _convolution_and_average(n, number: str, bottom, outputs: int):
    n["conv" + number] = _cifar_convolution(bottom, outputs, 0.01)
    n["relu" + number] = L.ReLU(n["conv" + number], in_place=True)
    n["pool" + number] = L.Pooling(n["relu" + number], pool="AVE", kernel_size=3, stride=2)
    return n["pool" + number]


def _norm_within(bottom):
    return L.LRN(bottom, local_size=3, alpha=5e-5, beta=0.75, norm_region="WITHIN_CHANNEL")


def autoencoder(batch: int, sizes=(1000, 500, 250, 30), pixels: int = 784):
    """Hinton and Salakhutdinov's deep auto-encoder of digits; `sizes` are the encoder's, the last one the code's."""
    n = NetSpec()
    n.data, n.label = _labelled(batch)
    n.flatdata = L.Flatten(n.data)
    n.nolabel = L.Silence(n.label, ntop=0)
    bottom = n.data
    stages = [("encode", i + 1, size) for i, size in enumerate(sizes)]
    stages += [("decode", i + 1, size) for i, size in reversed(list(enumerate((pixels, *sizes[:-1]))))]
    for half, number, size in stages:
        name = f"{half}{number}"
        bottom = n[name] = L.InnerProduct(bottom, num_output=size, weight_filler=_gaussian(1, sparse=15),
                                          param=[{"lr_mult": 1, "decay_mult": 1}, {"lr_mult": 1, "decay_mult": 0}])
        if name not in (f"encode{len(sizes)}", "decode1"):
            bottom = n[name + "neuron"] = L.Sigmoid(n[name])
    n.cross_entropy_loss = L.SigmoidCrossEntropyLoss(n.decode1, n.flatdata, loss_weight=1)
    n.decode1neuron = L.Sigmoid(n.decode1)
    n.l2_error = L.EuclideanLoss(n.decode1neuron, n.flatdata, loss_weight=0)
    return n.to_proto()


SOLVERS = {
    "lenet": {"base_lr": 0.01, "momentum": 0.9, "weight_decay": 0.0005, "lr_policy": "inv", "gamma": 0.0001,
              "power": 0.75},
    "siamese": {"base_lr": 0.01, "momentum": 0.9, "weight_decay": 0.0, "lr_policy": "inv", "gamma": 0.0001,
                "power": 0.75},
    "cifar10_quick": {"base_lr": 0.001, "momentum": 0.9, "weight_decay": 0.004, "lr_policy": "fixed"},
    "cifar10_full": {"base_lr": 0.001, "momentum": 0.9, "weight_decay": 0.004, "lr_policy": "fixed"},
    "autoencoder": {"base_lr": 0.01, "momentum": 0.9, "weight_decay": 0.0005, "lr_policy": "step", "gamma": 0.1,
                    "stepsize": 10000},
}


# What the images of a net are like: shape, range of the classes' patterns around their middle, and noise.
IMAGES = {
    "lenet": ((1, 28, 28), 0.5, 1.0, 0.01), "siamese": ((1, 28, 28), 0.5, 1.0, 0.01),
    "autoencoder": ((1, 28, 28), 0.5, 1.0, 0.01),
    "cifar10_quick": ((3, 32, 32), 0.0, 10.0, 0.5), "cifar10_full": ((3, 32, 32), 0.0, 10.0, 0.5),
}


def classes(name: str, rows: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Images for a net, a pattern for each of ten classes with a little noise on it, and their labels.

    These are data from which a run learns without being chaotic. With lively data the same training on real Caffe,
    with another of OpenBLAS's kernels, is off itself by percents at iteration 100: wherever rounding decides whether a
    ReLU passes or which value is the largest, gradients jump. So nothing is drawn from but few different images.
    """
    shape, middle, contrast, noise = IMAGES[name]
    random = np.random.RandomState(seed)
    blocks = random.uniform(-0.5, 0.5, (10, shape[0], 4, 4))
    patterns = blocks.repeat(shape[1] // 4, 2).repeat(shape[2] // 4, 3)
    labels = random.randint(0, 10, rows)
    images = middle + contrast * patterns[labels] + random.normal(0, noise, (rows, *shape))
    return images.astype(np.float32), labels.astype(np.float32)


def _labelled_images(name: str, rows: int) -> dict[str, np.ndarray]:
    """Every fourth label is any: so losses stay well above zero, where nothing is left of them in float32."""
    images, labels = classes(name, rows)
    labels[::4] = np.random.RandomState(2).randint(0, 10, len(labels[::4]))
    return {"data": images, "label": labels}


def _pairs(name: str, rows: int) -> dict[str, np.ndarray]:
    """Pairs of images, as two channels, about half of them of one class; and whether they are."""
    images, labels = classes(name, 2 * rows)
    order = np.argsort(labels, kind="stable")       # neighbours are mostly of one class
    first, second = order[::2], order[1::2].copy()
    second[::2] = np.roll(second[::2], 7)
    mixed = np.random.RandomState(5).permutation(rows)
    first, second = first[mixed], second[mixed]
    return {"pair_data": np.concatenate([images[first], images[second]], 1),
            "sim": (labels[first] == labels[second]).astype(np.float32)}


def write(folder: Path, name: str, iterations: int, batch: int, **sizes) -> Path:
    """Put the net `name` (a function of this module), its data and its solver into `folder`; returns the solver's path.

    There is one batch of data, and every iteration's losses are displayed.
    """
    data = _pairs(name, batch) if name == "siamese" else _labelled_images(name, batch)
    with h5py.File(str(folder / "train.h5"), "w") as file:
        for dataset, array in data.items():
            file[dataset] = array
    (folder / TRAIN_LIST).write_text("train.h5\n", encoding="utf-8")
    schema.write_text(globals()[name](batch, **sizes), folder / "net.prototxt")
    solver = schema.SolverParameter(net="net.prototxt", max_iter=iterations, display=1, random_seed=1,
                                    snapshot_after_train=False, solver_mode=schema.SolverParameter.CPU, **SOLVERS[name])
    schema.write_text(solver, folder / "solver.prototxt")
    return folder / "solver.prototxt"
