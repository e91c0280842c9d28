"""The schema reads every committed file, and upgrades each legacy one to the current one."""

from pathlib import Path

import pytest

from cae_caffe.emit import model_files
from cae_caffe.families import presets
from cae_caffe.schema import read_net, read_solver

PROTOTXT = Path(__file__).resolve().parents[2] / "prototxt"


def without_reshape(net):
    """The net's layers but for Reshape, whose readers read what it read."""
    before = {layer.top[0]: layer.bottom[0] for layer in net.layer if layer.type == "Reshape"}
    layers = [layer for layer in net.layer if layer.type != "Reshape"]
    for layer in layers:
        layer.bottom[:] = [before.get(blob, blob) for blob in layer.bottom]
    return layers


@pytest.mark.parametrize("model", presets())
def test_a_legacy_net_is_the_current_one_but_for_the_reshape(model):
    names = [path.relative_to(PROTOTXT) for path in (PROTOTXT / model).rglob("*.prototxt") if path.stem != "solver"]
    assert len(names) == len(model_files(model, presets()[model])) - 1
    for name in names:
        current, legacy = read_net(PROTOTXT / name), read_net(PROTOTXT / "legacy" / name)
        assert legacy.name == current.name == model
        assert list(legacy.layer) == without_reshape(current), name


@pytest.mark.parametrize("model", presets())
def test_a_legacy_solver_is_the_current_one_but_for_its_folder(model):
    current, legacy = (read_solver(PROTOTXT / folder / model / "solver.prototxt") for folder in ("", "legacy"))
    assert legacy.net.replace("/legacy/", "/") == current.net
    assert legacy.snapshot_prefix.replace("/legacy/", "/") == current.snapshot_prefix
    for solver in (current, legacy):
        solver.ClearField("net")
        solver.ClearField("snapshot_prefix")
    assert legacy == current
