"""Which fork a net means by BN, a name that two forks use."""

from __future__ import annotations

import pytest

from cae_caffe.cli import main
from cae_caffe.errors import InputError
from cae_caffe.schema import format_text, parse_net, read_net_with_lines
from cae_caffe.schema.forks import dialects

INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 2 dim: 2 } } }\n'
PLAIN = 'layer { name: "bn" type: "BN" bottom: "x" top: "y" }\n'
SEGNETS = 'layer { name: "s" type: "BN" bottom: "x" top: "s" bn_param { shift_filler { value: 1 } } }\n'
PSPNETS = 'layer { name: "p" type: "BN" bottom: "x" top: "p" bn_param { eps: 0.001 } }\n'


@pytest.fixture(autouse=True)
def no_fork_named(monkeypatch):
    monkeypatch.setenv(dialects.VARIABLE, "")


def meant(text):
    """Which fork each BN layer of the net is of."""
    return [dialects.of_bn(layer) for layer in parse_net(text, "net.prototxt").layer if layer.type == "BN"]


@pytest.mark.parametrize(("text", "forks"), [
    (SEGNETS, ["segnet"]), (PSPNETS, ["pspnet"]), (SEGNETS + PSPNETS, ["segnet", "pspnet"]), (PLAIN, [None]),
    (PLAIN + SEGNETS, ["segnet", "segnet"]), (PSPNETS + PLAIN, ["pspnet", "pspnet"]),
    (PLAIN + SEGNETS + PSPNETS, [None, "segnet", "pspnet"]),
    (PLAIN.replace("top:", "param { } param { } top:"), ["segnet"]),
    (PLAIN.replace("top:", "param { } param { } param { } param { } top:"), ["pspnet"]),
    ("# fork: pspnet\n" + PLAIN, ["pspnet"]), (PLAIN + "  #fork:segnet\r\n", ["segnet"]),
    ("# fork: pspnet\n" + PLAIN + SEGNETS, ["segnet", "segnet"]), ("# a fork: of mine\n" + PLAIN, [None]),
    ("# Fork: PSPNet\n" + PLAIN, ["pspnet"]), ("#fork:segnet trained by me\n" + PLAIN, ["segnet"]),
    ("# fork: see the paper\n" + PLAIN, [None]),
])
def test_fields_then_other_layers_then_a_comment_tell(text, forks):
    assert meant(text) == forks


def test_what_was_told_stands_in_what_is_written():
    text = format_text(parse_net("# fork: pspnet\n" + PLAIN))
    assert "bn_param {\n    frozen: false\n  }" in text and meant(text) == ["pspnet"]


def test_older_nets_are_told_alike():
    assert meant('# fork: segnet\nlayers { name: "b" type: BN bottom: "x" top: "y" }') == ["segnet"]


@pytest.mark.parametrize(("text", "match"), [
    ("# fork: caffe2\n" + PLAIN,
     r"net.prototxt:1: the comment `# fork:` names the fork `caffe2`;.* segnet, pspnet, fcn, hed\."),
    ("# fork: segnet\n# fork: pspnet\n" + PLAIN, r"comments name the forks `segnet` .line 1. and `pspnet` .line 2."),
])
def test_comments_that_name_no_fork_or_two_are_refused(text, match):
    with pytest.raises(InputError, match=match):
        parse_net(text, "net.prototxt")


def test_the_user_names_the_fork(tmp_path, capsys):
    (tmp_path / "net.prototxt").write_text(INPUT + PLAIN)

    assert main.main(["summary", str(tmp_path / "net.prototxt")]) == 2
    assert "--fork" in capsys.readouterr().err
    assert main.main(["summary", str(tmp_path / "net.prototxt"), "--fork", "pspnet"]) == 0
    assert " 12 " in capsys.readouterr().out        # four blobs of three
    net, _ = read_net_with_lines(tmp_path / "net.prototxt")
    assert dialects.of_bn(net.layer[1]) == "pspnet"
    assert main.main(["summary", str(tmp_path / "net.prototxt"), "--fork", "mine"]) == 2
    assert "--fork names the fork `mine`" in capsys.readouterr().err


HEDS = """
layer { name: "data" type: "%s" top: "data" top: "label" }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 1 kernel_size: 3 pad: 9 } }
layer { name: "crop" type: "Crop" bottom: "conv" bottom: "data" top: "cut" }
layer { name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "cut" bottom: "label" top: "loss" }
"""
BALANCED = "ClassBalancedSigmoidCrossEntropyLoss"


@pytest.mark.parametrize(("text", "offset", "loss"), [
    (HEDS % "ImageData", [], "SigmoidCrossEntropyLoss"), ("# fork: hed\n" + HEDS % "ImageData", [8, 8], BALANCED),
    (HEDS % "ImageLabelmapData", [8, 8], BALANCED)])
def test_heds_nets_are_known_by_their_data_or_a_comment(text, offset, loss):
    net = parse_net(text)

    assert list(net.layer[2].crop_param.offset) == offset and net.layer[-1].type == loss
    assert format_text(parse_net(format_text(net))) == format_text(net)


def test_the_flag_may_stand_anywhere(tmp_path):
    (tmp_path / "net.prototxt").write_text(INPUT + PLAIN)
    words = ["figure", "architecture", str(tmp_path / "net.prototxt"), "--out", str(tmp_path / "net.svg")]

    for flag in (["--fork", "segnet"], ["--fork=segnet"]):
        for place in (1, 2, 3, 5):      # not between --out and its file
            assert main.main([*words[:place], *flag, *words[place:]]) == 0


def test_a_script_keeps_a_flag_of_that_name(monkeypatch):
    given = []
    monkeypatch.setattr("cae_caffe.cli.run.chosen_backend", lambda arguments: None)
    monkeypatch.setattr("cae_caffe.cli.run.run_script", lambda backend, script, words, old: given.extend(words) or 0)

    assert main.main(["run", "script.py", "--fork", "mine"]) == 0
    assert given == ["--fork", "mine"]
