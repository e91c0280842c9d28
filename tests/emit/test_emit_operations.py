"""An operation of one's own, written by one registration."""

from dataclasses import dataclass

import pytest

from cae_caffe.emit import Emission, Settings, model_files, register_operation
from cae_caffe.emit.operations import _EMISSIONS
from cae_caffe.errors import InputError
from cae_caffe.models import ClassicAutoencoder, Sigmoid
from cae_caffe.schema import read_net


@dataclass(frozen=True)
class ELU(Sigmoid):
    alpha: float = 0.5


@dataclass(frozen=True)
class Bent(ClassicAutoencoder):
    """A classic auto-encoder with ELUs, which 2015 did not have, in the encoder."""

    def encoder_steps(self):
        for name, operation in super().encoder_steps():
            yield name, ELU() if isinstance(operation, Sigmoid) else operation


DESIGN = Bent(hidden=(6,), code=2)


@pytest.fixture
def elu(monkeypatch):
    monkeypatch.setattr("cae_caffe.emit.operations._EMISSIONS", dict(_EMISSIONS))
    register_operation(ELU, Emission("ELU", None, "elu_param", lambda operation: {"alpha": operation.alpha}))


@pytest.mark.usefixtures("elu")
def test_it_is_written_as_it_says(tmp_path):
    (tmp_path / "deploy.prototxt").write_text(model_files("bent", DESIGN)["deploy.prototxt"])
    layers = {layer.name: layer for layer in read_net(tmp_path / "deploy.prototxt").layer}
    assert (layers["encode1neuron"].type, layers["encode1neuron"].elu_param.alpha) == ("ELU", 0.5)
    assert layers["decode1neuron"].type == "Sigmoid"


@pytest.mark.usefixtures("elu")
def test_what_2015_did_not_have_is_refused_in_its_dialect():
    sentence = "layer `encode1neuron`: the authors' Caffe of June 2015 has no layers of type `ELU`.*dialect `current`"
    with pytest.raises(InputError, match=sentence):
        model_files("bent", DESIGN, Settings(dialect="legacy"))


def test_one_that_nobody_registered_is_refused():
    with pytest.raises(InputError, match="layer `encode1neuron`: nothing says how the operation `ELU` is written"):
        model_files("bent", DESIGN)


@pytest.mark.usefixtures("elu")
def test_a_second_registration_is_refused():
    with pytest.raises(InputError, match="the operation `ELU` is registered already, as Caffe's `ELU`"):
        register_operation(ELU, Emission("ELU", None))
