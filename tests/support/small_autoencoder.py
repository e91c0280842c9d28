"""A tiny convolutional auto-encoder with weights and labelled images, on disk, made without any engine."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from cae_caffe import schema

DEPLOY = """
name: "small"
layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: 6 dim: 5 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 3 kernel_size: 3 } }
layer { name: "conv1sig" type: "Sigmoid" bottom: "conv1" top: "conv1sig" }
layer { name: "squeeze" type: "InnerProduct" bottom: "conv1sig" top: "squeeze" inner_product_param { num_output: 4 } }
layer { name: "expand" type: "InnerProduct" bottom: "squeeze" top: "expand" inner_product_param { num_output: 8 } }
layer { name: "fold" type: "Reshape" bottom: "expand" top: "folded"
  reshape_param { shape { dim: 0 dim: 2 dim: 2 dim: 2 } } }
layer { name: "bend" type: "ReLU" bottom: "folded" top: "folded" }
layer { name: "deconv1" type: "Deconvolution" bottom: "folded" top: "deconv1"
  convolution_param { num_output: 1 kernel_h: 5 kernel_w: 4 } }
layer { name: "deconv1sig" type: "Sigmoid" bottom: "deconv1" top: "deconv1sig" }
"""
SHAPES = {"conv1": [(3, 1, 3, 3), (3,)], "squeeze": [(4, 36), (4,)], "expand": [(8, 4), (8,)],
          "deconv1": [(2, 1, 5, 4), (1,)]}
LABELS = (7, 2, 7, 0, 2, 1)
COUNT = len(LABELS)


def write_weights(path: Path, shapes=SHAPES) -> dict[str, list[np.ndarray]]:
    """Write a .caffemodel with random parameters of `shapes` and return them."""
    random = np.random.RandomState(1)
    net, parameters = schema.NetParameter(name="small"), {}
    for name, blobs in shapes.items():
        layer = net.layer.add(name=name, type="Any")
        parameters[name] = [random.uniform(-1, 1, shape).astype(np.float32) for shape in blobs]
        for values in parameters[name]:
            layer.blobs.add(shape=schema.BlobShape(dim=values.shape), data=values.ravel())
    schema.write_binary(net, path)
    return parameters


def write_images(folder: Path, count=COUNT, shape=(1, 6, 5), labels=LABELS) -> np.ndarray:
    """Write images.h5 and images.txt into `folder`, without labels if they are None; returns the images."""
    images = np.random.RandomState(2).uniform(0, 1, (count,) + shape).astype(np.float32)
    with h5py.File(str(folder / "images.h5"), "w") as file:
        file["data"] = images
        if labels is not None:
            file["label"] = np.array(labels, np.float32)
    (folder / "images.txt").write_text(f"{folder / 'images.h5'}\n", encoding="utf-8")
    return images


class SmallAutoencoder:
    """Paths `net`, `weights` and `data` in `folder`, and what is in them: `parameters` by layer, `images`."""

    def __init__(self, folder: Path):
        self.net, self.weights = folder / "deploy.prototxt", folder / "small.caffemodel"
        self.data = folder / "images.txt"
        self.net.write_text(DEPLOY, encoding="utf-8")
        self.parameters = write_weights(self.weights)
        self.images = write_images(folder)
