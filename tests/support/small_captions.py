"""A small net that learns sentences, as caption nets do: Embed, LSTM or RNN, InnerProduct, and words as classes.

Its data are HDF5 files of time steps, with a column for each of the streams that run side by side: the word that goes
in, whether its sentence goes on, and the word to come, -1 where there is none. `still` is what a sentence is about.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import small_training

STREAMS, WORDS = 3, 7

NET = """
name: "captions"
layer { name: "data" type: "HDF5Data" top: "in" top: "cont" top: "out" include { phase: TRAIN }
  hdf5_data_param { source: "train.txt" batch_size: 5 } }
layer { name: "data" type: "HDF5Data" top: "in" top: "cont" top: "out" include { phase: TEST }
  hdf5_data_param { source: "test.txt" batch_size: 5 } }
layer { name: "still" type: "HDF5Data" top: "still" hdf5_data_param { source: "still.txt" batch_size: 3 } }
layer { name: "embed" type: "Embed" bottom: "in" top: "embedded"
  embed_param { bias_term: false input_dim: 7 num_output: 4 weight_filler { type: "uniform" min: -0.4 max: 0.4 } } }
layer { name: "memory" type: "TYPE" bottom: "embedded" bottom: "cont" bottom: "still" top: "memory"
  recurrent_param { num_output: 6 weight_filler { type: "uniform" min: -0.4 max: 0.4 }
                    bias_filler { value: 0.1 } OPTIONS } }
layer { name: "predict" type: "InnerProduct" bottom: "memory" top: "predict"
  inner_product_param { num_output: 7 weight_filler { type: "uniform" min: -0.4 max: 0.4 } axis: 2 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "predict" bottom: "out" top: "loss"
  loss_weight: 3 loss_param { ignore_label: -1 } softmax_param { axis: 2 } }
layer { name: "accuracy" type: "Accuracy" bottom: "predict" bottom: "out" top: "accuracy" include { phase: TEST }
  accuracy_param { axis: 2 ignore_label: -1 } }
"""

# The same net for use, a word at a time, of one sentence.
DEPLOY = """
layer { name: "in" type: "Input" top: "in" top: "cont" top: "still"
  input_param { shape { dim: 1 dim: 1 } shape { dim: 1 dim: 1 } shape { dim: 1 dim: 4 } } }
layer { name: "embed" type: "Embed" bottom: "in" top: "embedded"
  embed_param { bias_term: false input_dim: 7 num_output: 4 } }
layer { name: "memory" type: "TYPE" bottom: "embedded" bottom: "cont" bottom: "still" top: "memory"
  recurrent_param { num_output: 6 } }
layer { name: "predict" type: "InnerProduct" bottom: "memory" top: "predict"
  inner_product_param { num_output: 7 axis: 2 } }
layer { name: "probs" type: "Softmax" bottom: "predict" top: "probs" softmax_param { axis: 2 } }
"""
# Numbers in the place of words, which are no steps of a recording.
NUMBERS = """
layer { name: "data" type: "HDF5Data" top: "in" top: "cont" top: "out"
  hdf5_data_param { source: "train.txt" batch_size: 5 } }
layer { name: "x" type: "Reshape" bottom: "in" top: "x" reshape_param { shape { dim: 0 dim: 0 dim: 1 } } }
layer { name: "y" type: "Reshape" bottom: "out" top: "y" reshape_param { shape { dim: 0 dim: 0 dim: 1 } } }
layer { name: "memory" type: "TYPE" bottom: "x" bottom: "cont" top: "memory"
  recurrent_param { num_output: 6 weight_filler { type: "uniform" min: -0.4 max: 0.4 } } }
layer { name: "predict" type: "InnerProduct" bottom: "memory" top: "predict"
  inner_product_param { num_output: 1 weight_filler { type: "uniform" min: -0.4 max: 0.4 } axis: 2 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "predict" bottom: "y" top: "loss" }
"""


def write(folder: Path, type_name: str, solver: str = "", options: str = "", net: str = NET) -> None:
    """Write data, net.prototxt, solver.prototxt and deploy.prototxt; `options` are the recurrent layer's."""
    (folder / "deploy.prototxt").write_text(DEPLOY.replace("TYPE", type_name), encoding="utf-8")
    text = net.replace("TYPE", type_name).replace("OPTIONS", options)
    small_training.write(folder, "clip_gradients: 0.5 momentum: 0.9 " + solver, text)
    random = np.random.RandomState(2)
    for name, rows in (("train", 35), ("test", 20)):
        with h5py.File(str(folder / f"{name}.h5"), "w") as file:
            words = random.randint(0, WORDS, (rows + 1, STREAMS))
            begins = random.uniform(size=(rows, STREAMS)) < 0.2
            file["in"], file["cont"] = words[:-1].astype(np.float32), (~begins).astype(np.float32)
            file["out"] = np.where(random.uniform(size=begins.shape) < 0.1, -1, words[1:]).astype(np.float32)
    with h5py.File(str(folder / "still.h5"), "w") as file:
        file["still"] = random.uniform(-1, 1, (12, 4)).astype(np.float32)
    (folder / "still.txt").write_text("still.h5\n", encoding="utf-8")
