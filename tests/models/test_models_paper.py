"""The paper's designs against its tables."""

import pytest

from cae_caffe.errors import InputError
from cae_caffe.models import MODELS, PAPER, SiameseNetwork, model_design, paper_design

TABLE_1 = {     # hidden neurons: parameters and size for N = 2
    "300-150-75": (584254, 1052),
    "500-250-125": (1098754, 1752),
    "1000-500-250": (2822504, 3502),
    "2000-1000-500": (8145004, 7002),
    "3000-1500-750": (15967504, 10502),
}
TABLE_1_SHORT_OF = 782      # it counts the image's 784 biases as 2


@pytest.mark.parametrize("hidden", TABLE_1)
def test_table_1(hidden):
    parameters, size = TABLE_1[hidden]
    design = PAPER[f"classic-{hidden}-n2"]
    assert (design.parameters, design.size) == (parameters + TABLE_1_SHORT_OF, size)
    assert design.notation() == f"784-{hidden}-2-{'-'.join(reversed(hidden.split('-')))}-784"


@pytest.mark.parametrize("model, size, sizes, notation", [
    ("cae1-n2", 3996, (1600, 288, 125, 2, 125, 288, 1568), "784-(9x9x4)-(9x9x2)-125-2-125-(12x12x2)-(17x17x2)-784"),
    ("cae2-n2", 7990, (3200, 576, 250, 2, 250, 576, 3136), "784-(9x9x8)-(9x9x4)-250-2-250-(12x12x4)-(17x17x4)-784"),
])
def test_table_2(model, size, sizes, notation):
    design = PAPER[model]
    assert (design.size, design.sizes, design.notation()) == (size, sizes, notation)


@pytest.mark.parametrize("model, layers, halves, total", [
    ("cae1-n2", {"conv1": (324, 4), "conv2": (648, 2), "ip1encode": (36000, 125), "ip2encode": (250, 2),
                 "ip1decode": (250, 125), "deconv2": (36000, 2), "deconv1": (1156, 2), "deconv1neur": (2, 1)},
     (37355, 37538), 74893),
    ("cae2-n2", {"conv1": (648, 8), "conv2": (2592, 4), "ip1encode": (144000, 250), "ip2encode": (500, 2),
                 "ip1decode": (500, 250), "deconv2": (144000, 4), "deconv1": (4624, 4), "deconv1neur": (4, 1)},
     (148004, 149387), 297391),
])
def test_table_3(model, layers, halves, total):
    design = PAPER[model]
    assert {layer.name: (layer.weights, layer.biases) for layer in design.layers if layer.parameters} == layers
    assert (design.encoder_parameters, design.decoder_parameters) == halves
    assert design.parameters == total


def test_each_architecture_comes_with_each_code():
    names = ["cae1", "cae2", *(f"classic-{hidden}" for hidden in TABLE_1)]
    assert list(PAPER) == [f"{name}-n{code}" for name in names for code in (2, 10, 30)]
    assert {design.code for model, design in PAPER.items() if model.endswith("-n10")} == {10}
    assert all(design.encoder[-1].output == (design.code,) for design in PAPER.values())


def test_the_presets_cannot_be_changed():
    with pytest.raises(TypeError):
        PAPER["cae1-n2"] = PAPER["cae1-n10"]


def test_an_unknown_model_is_refused_with_the_names_there_are():
    with pytest.raises(InputError, match=r"no model is called `siamese`; there are cae1-n2, .*-n30\.$"):
        paper_design("siamese")


def test_the_network_of_figure_2_is_a_model_but_no_auto_encoder():
    assert list(MODELS) == [*PAPER, "siamese"]
    assert model_design("siamese") == SiameseNetwork() and model_design("cae1-n2") is PAPER["cae1-n2"]
    with pytest.raises(InputError, match="no model is called `siames`; did you mean `siamese`"):
        model_design("siames")


def test_a_misspelt_model_gets_the_nearest_name():
    with pytest.raises(InputError, match="did you mean `cae2-n30`"):
        paper_design("cae2_n30")
