"""Whole nets as PyTorch modules: they give what the engine gives, at several batches.

    from torch_leaving import leaves_as_module

    leaves_as_module(built(prototxt, tmp_path))

As leaving.py does it for ONNX models. torch_judge.py is for single layers, and also holds gradients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from leaving import BATCHES

from cae_caffe import pycaffe
from cae_caffe.export import made_inputs, proof
from cae_caffe.export.deploy import deploy
from cae_caffe.export.torch.convert import module_of


def leaves_as_module(net: pycaffe.Net, *, batches: Sequence[int] = BATCHES,
                     given: Mapping[str, np.ndarray] | None = None) -> proof.Arrays:
    """Fail unless the net's module gives what the engine gives, within 1e-5 of each output's largest value.

    If inputs are `given`, they stand for those made up, and are the one batch, whatever it is. Returns what the engine
    gave for the last batch.
    """
    form = deploy(net)
    module = module_of(form)
    wanted: proof.Arrays = {}
    for batch in batches if given is None else [None]:
        if batch is None:
            proof.set_shapes(form, given)
        else:
            form.set_batch(batch)
        inputs = dict(given or made_inputs.make(form))
        wanted = proof.engine_outputs(form, inputs)
        with torch.no_grad():
            tops = module(*(torch.tensor(inputs[name], dtype=torch.float32) for name in form.net.inputs))
        tops = tops if isinstance(tops, tuple) else (tops,)
        assert len(tops) == len(wanted)
        for (name, array), top in zip(wanted.items(), tops):
            compared = proof.compare(name, array, top.numpy())
            assert compared.holds(proof.TOLERANCE), f"batch {batch}, {compared}"
    return wanted
