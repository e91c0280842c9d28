"""Whole nets in PyTorch, random ones: whatever the engine runs is exported and gives what it gives, or is refused."""

from __future__ import annotations

import copy
import pickle
import random
import re
import subprocess
import sys

import numpy as np
import onnx_nets
import torch
from conformance import examples
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError
from cae_caffe.export import proof
from cae_caffe.export.deploy import deploy
from cae_caffe.export.torch.convert import module_of
from cae_caffe.export.torch.source import source

TOLERANCE = 1e-5    # of a value that MVN or Normalize makes of nearly equal ones, some digits are rounding
REFUSED = re.compile(r"layer `.*` \(type \w+, |nothing is left of this net|shares its memory")


@examples(20)
@given(seed=st.integers(0, 10**6))
def test_random_nets(seed):
    text = onnx_nets.net_text(seed, random.Random(seed).randint(3, 12))
    net = onnx_nets.net_of(text)
    try:
        form = deploy(net)
        module = module_of(form)
    except InputError as error:
        assert REFUSED.search(str(error)), f"{error}\n{text}"
        return
    rng = np.random.RandomState(seed)
    inputs = {name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in form.shapes().items()}
    wanted = proof.engine_outputs(form, inputs)
    for same in (module, copy.deepcopy(module), pickle.loads(pickle.dumps(module)), _through_state(module)):
        for (name, array), top in zip(wanted.items(), _outputs(same, inputs)):
            compared = proof.compare(name, array, top.detach().numpy())
            assert compared.holds(TOLERANCE) or not np.isfinite(array).any(), f"{compared}\n{text}"
    _outputs(module.double(), {name: array.astype(np.float64) for name, array in inputs.items()})
    _require_clean(source(form).text)


def _outputs(module, inputs):
    with torch.no_grad():
        tops = module(*map(torch.from_numpy, inputs.values()))
    return tops if isinstance(tops, tuple) else (tops,)


def _through_state(module):
    other = type(module)()
    other.load_state_dict(module.state_dict())
    return other.eval()


def _require_clean(text):
    for rules in ([], ["--select", "E4,E7,E9,F"]):      # ruff's own, of today and of long
        checked = subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", *rules, "-"], input=text,
                                 capture_output=True, text=True, check=False, encoding="utf-8")
        assert checked.returncode == 0, f"{checked.stdout}\n{text}"
