"""The layers against what real Caffe gave once: what the conformance tests check, where real Caffe is not installed."""

from __future__ import annotations

import conformance
import golden_layers
import pytest

from cae_caffe.engine.layers import registry
from cae_caffe.schema.layer_types import CAFFE_TYPES

REMEDY = "run tests/golden/make_layers.py where real Caffe is installed"
CASES = [(family, case) for family, cases in golden_layers.families().items() for case in cases]


@pytest.mark.parametrize("family, name", CASES)
def test_layer_gives_the_golden_outputs(family, name):
    assert golden_layers.path_of(family).exists(), f"there are no golden outputs for {family}; {REMEDY}"
    golden = golden_layers.read(family)
    assert name in golden, f"{family} has no golden outputs for the case {name!r}; {REMEDY}"
    conformance.check(golden_layers.families()[family][name], golden[name])


@pytest.mark.parametrize("family", golden_layers.families())
def test_golden_outputs_are_what_real_caffe_gives(real_caffe, family):
    cases = golden_layers.families()[family]
    golden = golden_layers.read(family)
    assert list(golden) == list(cases), f"the cases of {family} have changed; {REMEDY}"
    for name, passes in zip(cases, conformance.run_real(real_caffe, list(cases.values()))):
        for mine, theirs in zip(golden[name], passes):
            assert list(mine) == list(theirs), f"{family}, {name}; {REMEDY}"
            # BLAS kernels differ between processors in the last digits.
            assert not conformance.differences(mine, theirs), f"{family}, {name}; {REMEDY}"


def test_every_layer_that_needs_nothing_from_outside_has_golden_outputs():
    kept = "".join(case.prototxt for cases in golden_layers.families().values() for case in cases.values())
    missing = {name for name in CAFFE_TYPES if registry.find(name) and f'type: "{name}"' not in kept.replace("'", '"')}
    assert missing == {"HDF5Data", "HDF5Output", "ImageData", "MemoryData", "Python", "WindowData"}


def test_golden_files_are_all_in_use_and_small():
    stored = {path.stem: path.stat().st_size for path in golden_layers.FOLDER.glob("*.npz")}
    assert set(stored) == set(golden_layers.families())
    assert sum(stored.values()) < 500_000
