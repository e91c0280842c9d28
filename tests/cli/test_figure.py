import subprocess
import sys

import pytest
from small_autoencoder import DEPLOY, write_weights

from cae_caffe.cli.main import main
from cae_caffe.figures.filters import SHOWN
from cae_caffe.figures.kinds import KINDS

PNG = b"\x89PNG"


def test_codes_activations_and_pictures_follow_from_each_other(on_engine, autoencoder, tmp_path, capsys):
    net = [autoencoder.net, autoencoder.weights, "--data", autoencoder.data, "--out"]
    assert on_engine("activations", *net, tmp_path / "a.h5").status == 0
    assert on_engine("encode", *net, tmp_path / "c.h5", "--blob", "squeeze").status == 0
    for words in (["layers", "a.h5", "--image", "5", "3"], ["scatter", "c.h5", "--perplexity", "2"]):
        assert main(["figure", words[0], str(tmp_path / words[1]), *words[2:], "--out", str(tmp_path / "p.png")]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / name) for name in ("p-5.png", "p-3.png", "p.png")]
    for name in ("p-5.png", "p-3.png", "p.png"):
        assert (tmp_path / name).read_bytes()[:4] == PNG


def test_all_images_on_one_page(on_engine, autoencoder, tmp_path, capsys):
    net = [autoencoder.net, autoencoder.weights, "--data", autoencoder.data, "--out"]
    assert on_engine("activations", *net, tmp_path / "a.h5").status == 0
    words = ["figure", "layers", str(tmp_path / "a.h5"), "--together", "--out", str(tmp_path / "all.svg")]
    assert main(words) == 0
    assert "every layer, for 4 images" in (tmp_path / "all.svg").read_text(encoding="utf-8")      # one of each class
    assert main([*words, "--image", "0"]) == 2
    assert "--together draws all images of the file" in capsys.readouterr().err


def test_the_architecture_is_drawn_by_both_engines_from_the_prototxt(on_engine, autoencoder, tmp_path):
    done = on_engine("figure", "architecture", autoencoder.net, "--out", tmp_path / "p.svg")
    assert (done.status, done.out) == (0, f"{tmp_path / 'p.svg'}\n"), done.err
    picture = (tmp_path / "p.svg").read_text(encoding="utf-8")
    for text in ("conv1", "Convolution \u00b7 3x3, 3 maps", "Deconvolution \u00b7 5x4, 1 map", "3x4x3", "squeeze"):
        assert f"<!-- {text} -->" in picture


@pytest.fixture
def filters(on_engine, autoencoder, tmp_path):
    """Draws the filters of a net's text and returns the texts in the picture."""
    def run(text=DEPLOY):
        autoencoder.net.write_text(text)
        done = on_engine("figure", "filters", autoencoder.net, autoencoder.weights, "--out", tmp_path / "f.svg")
        return done, (tmp_path / "f.svg").read_text(encoding="utf-8") if done.status == 0 else ""
    return run


def test_filters_are_titled_with_meaning_and_range(filters, autoencoder):
    done, picture = filters()
    assert done.status == 0, done.err
    weights = autoencoder.parameters["conv1"][0]
    for text in ("conv1", "3 outputs x 1 inputs, 3x3", f"[{weights.min():.3g}  {weights.max():.3g}]",
                 "deconv1", "2 inputs x 1 outputs, 5x4"):
        assert f"<!-- {text} -->" in picture
    assert "squeeze" not in picture


def test_first_inner_product_over_an_image_is_drawn(filters, autoencoder):
    write_weights(autoencoder.weights, {"first": [(SHOWN + 1, 30), (SHOWN + 1,)], "second": [(4, SHOWN + 1), (4,)]})
    layer = ('layer {{ name: "{0}" type: "InnerProduct" bottom: "{1}" top: "{0}" '
             'inner_product_param {{ num_output: {2} }} }}\n')
    text = DEPLOY.split('layer { name: "conv1"')[0]
    done, picture = filters(text + layer.format("first", "data", SHOWN + 1) + layer.format("second", "first", 4))
    assert done.status == 0, done.err
    assert f"{SHOWN + 1} units x 1 inputs, 6x5, the first {SHOWN} of {SHOWN + 1} shown" in picture
    assert "second" not in picture


def test_a_net_without_filters_is_refused(filters):
    done, _ = filters(DEPLOY.split('layer { name: "conv1"')[0])
    assert done.status == 2 and "nothing to draw" in done.err


@pytest.mark.parametrize("words, error", [
    (["scatter", "none.h5"], "none.h5: there is no such file; make it with `cae-caffe encode`"),
    (["layers", "none.h5"], "none.h5: there is no such file; make it with `cae-caffe activations`"),
    (["curves", "none.log"], "none.log: cannot read this log"),
    (["scatter", "text.h5"], "text.h5: this is not a readable HDF5 file"),
])
def test_unusable_files_are_named(words, error, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.h5").write_text("text")
    assert main(["figure", *words, "--out", "p.png"]) == 2
    assert error in capsys.readouterr().err
    assert not (tmp_path / "p.png").exists()



@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_help(kind, capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["figure", kind, "--help"])
    shown = capsys.readouterr().out
    assert f"usage: cae-caffe figure {kind}" in shown and "--out PICTURE" in shown
    assert ("--backend" in shown) is KINDS[kind].runs_net
    with pytest.raises(SystemExit, match="0"):
        main(["figure", "--help"])
    assert KINDS[kind].about in " ".join(capsys.readouterr().out.split())


def test_help_on_the_kinds_waits_for_no_library_that_draws():
    code = ("import sys\nfrom cae_caffe.cli.main import main\n"
            "try:\n    main(['figure', '--help'])\nexcept SystemExit:\n    sys.exit('matplotlib' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0
