from pathlib import Path

import pytest
from small_autoencoder import DEPLOY, write_images

PROTOTXT = Path(__file__).resolve().parents[2] / "prototxt"

TWINS = """
layer { name: "input" type: "Input" top: "left" top: "right" input_param { shape { dim: 2 dim: 6 } } }
layer { name: "ip" type: "InnerProduct" bottom: "left" top: "ip" inner_product_param { num_output: 3 }
  param { name: "w" } param { name: "b" } }
layer { name: "ip_p" type: "InnerProduct" bottom: "right" top: "ip_p" inner_product_param { num_output: 3 }
  param { name: "w" } param { name: "b" } }
"""

EUCLIDEAN = """
layer { name: "loss" type: "EuclideanLoss" bottom: "deconv1sig" bottom: "data" top: "l2_error" }
layer { name: "loss" type: "EuclideanLoss" bottom: "deconv1" bottom: "data" top: "other" loss_weight: 0 }
"""


def lines(done):
    assert done.status == 0, done.err
    return [" ".join(line.split()) for line in done.out.splitlines()]


# Tables 1 to 3 of the paper; the classic net's count includes all 784 output biases, which Table 1's lacks but for 2.
PAPER = {
    "cae1-n2": ["1600-288-125-2-125-288-1568; size 3996 elements", "conv1 to ip2encode, 37355 parameters",
                "ip1decode to deconv1neur, 37538 parameters", "total 74893"],
    "cae2-n2": ["3200-576-250-2-250-576-3136; size 7990 elements", "conv1 to ip2encode, 148004 parameters",
                "ip1decode to deconv1neur, 149387 parameters", "total 297391"],
    "classic-1000-500-250-n2": ["1000-500-250-2-250-500-1000; size 3502 elements", "total 2823286"],
}


@pytest.mark.parametrize("model", PAPER)
def test_the_papers_tables_are_met(on_engine, model):
    text = "\n".join(lines(on_engine("summary", PROTOTXT / model / "deploy.prototxt")))
    for fact in PAPER[model]:
        assert fact in text
    assert "rise behind it: yes" in text


def test_a_line_for_each_layer_has_shapes_parameters_and_elements(on_engine, autoencoder):
    found = lines(on_engine("summary", autoencoder.net))
    assert found[0] == "layer type bottom top parameters weights + biases elements"
    assert "conv1 Convolution data 1x1x6x5 conv1 1x3x4x3 30 3x1x3x3 + 3 36" in found
    assert "bend ReLU folded 1x2x2x2 folded 1x2x2x2 8" in found


def test_totals_and_the_split_behind_the_narrowest_blob(on_engine, autoencoder):
    found = lines(on_engine("summary", autoencoder.net))
    assert "total 259 182" in found
    assert "Hidden layers: 36-4-8; size 48 elements (the paper's CAE size)." in found
    assert "Encoder: conv1 to squeeze, 178 parameters; decoder: expand to deconv1, 81 parameters." in found


def test_a_net_that_is_no_autoencoder_has_no_code(on_engine, autoencoder):
    autoencoder.net.write_text(DEPLOY.split('layer { name: "expand"')[0])
    text = on_engine("summary", autoencoder.net).out
    assert "Hidden layers: 36; size 36 elements." in text and "Code" not in text


def test_shared_parameters_are_counted_once(on_engine, autoencoder):
    autoencoder.net.write_text(TWINS)
    found = lines(on_engine("summary", autoencoder.net))
    assert "ip InnerProduct left 2x6 ip 2x3 21 3x6 + 3 3" in found
    assert "ip_p InnerProduct right 2x6 ip_p 2x3 shared 3x6 + 3 3" in found
    assert "total 21 18" in found


def test_layers_of_one_name_each_have_their_line_and_split_copies_none(on_engine, autoencoder):
    autoencoder.net.write_text(DEPLOY + EUCLIDEAN)
    found = lines(on_engine("summary", autoencoder.net))
    assert "loss EuclideanLoss deconv1sig 1x1x6x5, data 1x1x6x5 l2_error scalar 1" in found
    assert "loss EuclideanLoss deconv1 1x1x6x5, data 1x1x6x5 other scalar 1" in found
    assert "Split" not in "".join(found)


def test_phase_and_stage_choose_the_layers(on_engine, autoencoder, tmp_path):
    write_images(tmp_path)
    source = ('layer {{ name: "{0}" type: "HDF5Data" top: "data" include {{ {1} }} '
              'hdf5_data_param {{ source: "%s" batch_size: {2} }} }}\n' % autoencoder.data)
    autoencoder.net.write_text(source.format("train", "phase: TRAIN", 2)
                               + source.format("test", 'phase: TEST stage: "mine"', 3)
                               + 'layer { name: "flat" type: "Flatten" bottom: "data" top: "flat" }\n')
    assert "train HDF5Data data 2x1x6x5 30" in lines(on_engine("summary", autoencoder.net))
    words = ("--phase", "test", "--stage", "mine")
    assert "test HDF5Data data 3x1x6x5 30" in lines(on_engine("summary", autoencoder.net, *words))


def test_a_mistake_in_the_file_is_told_by_its_line(on_engine, autoencoder):
    autoencoder.net.write_text("name: 'x'\nlayer { nme: 'y' }\n")
    done = on_engine("summary", autoencoder.net)
    assert done.status == 2 and f"{autoencoder.net}:2" in done.err
