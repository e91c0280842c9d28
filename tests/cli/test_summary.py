import json
from pathlib import Path

import digits
import pytest
from small_autoencoder import DEPLOY, write_images

from cae_caffe.cli.main import main

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


def test_recurrent_layers_are_hidden_layers(on_engine, autoencoder):
    autoencoder.net.write_text("""
        layer { name: "in" type: "Input" top: "x" top: "cont"
          input_param { shape { dim: 3 dim: 2 dim: 5 } shape { dim: 3 dim: 2 } } }
        layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "cont" top: "h" recurrent_param { num_output: 2 } }
        layer { name: "rnn" type: "RNN" bottom: "h" bottom: "cont" top: "o" recurrent_param { num_output: 4 } }""")
    found = lines(on_engine("summary", autoencoder.net))
    assert "lstm LSTM x 3x2x5, cont 3x2 h 3x2x2 64 8x5 + 8 + 8x2 4" in found
    assert "rnn RNN h 3x2x2, cont 3x2 o 3x2x4 48 4x2 + 4 + 4x4 + 4x4 + 4 8" in found
    assert any(line.startswith("Hidden layers: 4") for line in found)


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
              f'hdf5_data_param {{{{ source: "{autoencoder.data}" batch_size: {{2}} }}}} }}}}\n')
    autoencoder.net.write_text(source.format("train", "phase: TRAIN", 2)
                               + source.format("test", 'phase: TEST stage: "mine"', 3)
                               + 'layer { name: "flat" type: "Flatten" bottom: "data" top: "flat" }\n')
    assert "train HDF5Data data 2x1x6x5 30" in lines(on_engine("summary", autoencoder.net))
    words = ("--phase", "test", "--stage", "mine")
    assert "test HDF5Data data 3x1x6x5 30" in lines(on_engine("summary", autoencoder.net, *words))


def test_a_net_without_layers_is_refused(on_engine, autoencoder):
    autoencoder.net.write_text("")
    done = on_engine("summary", autoencoder.net)
    assert done.status == 2 and f"{autoencoder.net}: the net has no layers" in done.err


def test_a_mistake_in_the_file_is_told_by_its_line(on_engine, autoencoder):
    autoencoder.net.write_text("name: 'x'\nlayer { nme: 'y' }\n")
    done = on_engine("summary", autoencoder.net)
    assert done.status == 2 and f"{autoencoder.net}:2" in done.err


def principle(found, title):
    """The answer and the reason of one principle, out of a summary's lines."""
    start = next(i for i, line in enumerate(found) if line[:1].isdigit() and line[2:].startswith(title))
    end = next((i for i in range(start + 1, len(found)) if found[i][:2] in {f"{n} " for n in range(1, 7)}), len(found))
    answer, _, reason = " ".join(found[start:end])[2 + len(title) + 1:].partition(" ")
    return answer, reason


def test_the_papers_own_nets_keep_its_principles(on_engine, tmp_path):
    digits.write(tmp_path, train=60, test=10)
    # Real Caffe's process is in another folder, so paths are whole here.
    (tmp_path / "train.txt").write_text(f"{tmp_path / 'data' / 'mnist_train.h5'}\n")
    text = (PROTOTXT / "cae1-n2" / "train_test.prototxt").read_text()
    net = tmp_path / "train_test.prototxt"
    net.write_text(text.replace("data/mnist_train.txt", str(tmp_path / "train.txt")))
    for seed, loss in enumerate((95.0, 96.0, 97.0)):
        (tmp_path / f"seed{seed}").mkdir()
        (tmp_path / f"seed{seed}" / "result.json").write_text(
            json.dumps({"iterations": 20000, "test": {"cross_entropy_loss": loss}}))
    runs = [tmp_path / f"seed{seed}" for seed in range(3)]
    found = lines(on_engine("summary", net, "--images", 60000, "--runs", *runs))
    assert principle(found, "encoder and decoder symmetric") == (
        "yes", ("conv1 1600 (20x20x4) against deconv1 1568 (28x28x2) (2.0% apart); conv2 288 (12x12x2) against deconv2 "
                "288 (12x12x2); ip1encode 125 against ip1decode 125; 37355 parameters against 37538"))
    assert principle(found, "both losses") == (
        "yes", ("SigmoidCrossEntropyLoss cross_entropy_loss (weight 1), EuclideanLoss l2_error (weight 0); what has "
                "weight 0 is shown and does not steer the training"))
    assert principle(found, "every layer can be looked at")[0] == "yes"
    answer, reason = principle(found, "activations bound the maps")
    assert answer == "yes" and "Sigmoid [0, 1] behind conv1, conv2, deconv2, deconv1" in reason
    answer, reason = principle(found, "enough data a parameter")
    assert answer == "yes" and "60000 images of 784 values (--images) over 74893 parameters is 628/1" in reason
    answer, reason = principle(found, "sizes meet the data's needs")
    assert answer == "yes" and "90% of the variance of 60 training images" in reason
    assert principle(found, "stable over three runs")[0] == "yes"


@pytest.mark.parametrize("model, answer, ratio", [
    ("classic-300-150-75-n2", "yes", 80), ("classic-1000-500-250-n2", "yes", 17),
    ("classic-2000-1000-500-n2", "no", 6), ("classic-3000-1500-750-n2", "no", 3)])
def test_the_ratio_of_table_1_decides(capsys, monkeypatch, model, answer, ratio):
    pytest.importorskip("torch")
    monkeypatch.setenv("GLOG_minloglevel", "0")
    assert main(["summary", str(PROTOTXT / model / "deploy.prototxt"), "--images", "60000", "--backend", "torch"]) == 0
    found = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    told, reason = principle(found, "enough data a parameter")
    assert told == answer and f"is {ratio}/1" in reason
    assert principle(found, "stable over three runs")[0] == "unknown"
    assert "behind encode1, encode2, encode3, decode4, decode3, decode2, decode1" in principle(
        found, "activations bound the maps")[1]


def test_what_breaks_the_principles_is_named(on_engine, autoencoder):
    found = lines(on_engine("summary", autoencoder.net))
    assert principle(found, "encoder and decoder symmetric") == (
        "no", "conv1 36 (4x3x3) against expand 8 (77.8% apart); 178 parameters against 81")
    assert principle(found, "sizes meet the data's needs")[0] == "unknown"
    assert principle(found, "both losses") == ("unknown", "no loss in this net; ask the file it is trained by")
    assert principle(found, "activations bound the maps")[0] == "yes"
    assert principle(found, "enough data a parameter")[0] == "unknown"
    # With the name of the paper's code, the narrowest blob may be another.
    autoencoder.net.write_text(DEPLOY.replace('"squeeze"', '"ip2encode"')
                               .replace('Sigmoid" bottom: "conv1" top: "conv1sig', 'ReLU" bottom: "conv1" top: "conv1')
                               .replace('bottom: "conv1sig"', 'bottom: "conv1"')
                               .replace("num_output: 8", "num_output: 2")
                               .replace("dim: 2 dim: 2 dim: 2", "dim: 2 dim: 1 dim: 1")
                               .replace("kernel_h: 5 kernel_w: 4", "kernel_h: 6 kernel_w: 5") + EUCLIDEAN)
    found = lines(on_engine("summary", autoencoder.net))
    assert principle(found, "sizes meet the data's needs") == (
        "no", "expand 2: narrower than the code's 4, which is then not the bottleneck")
    assert principle(found, "both losses") == (
        "no", "EuclideanLoss l2_error (weight 1), EuclideanLoss other (weight 0); no SigmoidCrossEntropyLoss")
    assert principle(found, "every layer can be looked at") == (
        "no", "in place: conv1sig writes over conv1, whose own values are lost")
    assert principle(found, "activations bound the maps") == (
        "no", "nothing keeps the values in an interval behind conv1: ReLU")


def test_layers_narrower_than_the_images_need_are_named(on_engine, autoencoder):
    found = lines(on_engine("summary", autoencoder.net, "--data", autoencoder.data))
    answer, reason = principle(found, "sizes meet the data's needs")
    assert answer == "yes" and reason.startswith("5 principal components hold 90% of the variance of 6 training images")
    write_images(autoencoder.net.parent, count=60, labels=range(60))
    answer, reason = principle(lines(on_engine("summary", autoencoder.net, "--data", autoencoder.data)),
                               "sizes meet the data's needs")
    assert answer == "no" and reason.startswith("expand 8: narrower than the images need")


def test_a_net_that_is_no_autoencoder_says_so(on_engine, autoencoder):
    autoencoder.net.write_text(DEPLOY.split('layer { name: "expand"')[0])
    found = lines(on_engine("summary", autoencoder.net))
    assert found[-1] == ("The paper's six principles are of auto-encoders; this net is none: its last layer of "
                         "weights, squeeze, has 4 elements, and its input 30.")
    autoencoder.net.write_text('layer { name: "in" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 } } }')
    assert lines(on_engine("summary", autoencoder.net))[-1].endswith("this net is none: no layer of it has weights.")


def test_a_run_that_is_none_is_told(on_engine, autoencoder, tmp_path):
    done = on_engine("summary", autoencoder.net, "--runs", tmp_path / "nothing.log")
    assert done.status == 2 and "nothing.log: cannot read this log" in done.err
