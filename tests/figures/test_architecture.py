"""`figure architecture`: what is said of a net's layers, and where they are placed."""

from __future__ import annotations

from types import SimpleNamespace

import digits
import pytest

from cae_caffe import InputError, load_backend
from cae_caffe.analysis.nets import open_graph
from cae_caffe.emit import Settings, mnist, write_model
from cae_caffe.figures import architecture
from cae_caffe.figures.drawing import Box, Drawing, drawing_of
from cae_caffe.figures.placing import placed
from cae_caffe.models import ConvolutionalAutoencoder

SMALL = ConvolutionalAutoencoder(maps=(4,), kernels=(9,), hidden=(25,), code=3)
SIAMESE = """
name: "twins"
layer { name: "input" type: "Input" top: "pair" input_param { shape { dim: 2 dim: 2 dim: 10 dim: 12 } } }
layer { name: "cut" type: "Slice" bottom: "pair" top: "a" top: "b" }
layer { name: "conv" type: "Convolution" bottom: "a" top: "conv" param { name: "w" } param { name: "b" }
  convolution_param { num_output: 6 kernel_h: 3 kernel_w: 5 group: 1 } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layer { name: "bend" type: "ReLU" bottom: "pool" top: "pool" }
layer { name: "conv_p" type: "Convolution" bottom: "b" top: "conv_p" param { name: "w" } param { name: "b" }
  convolution_param { num_output: 6 kernel_h: 3 kernel_w: 5 } }
layer { name: "all" type: "Pooling" bottom: "conv_p" top: "all" pooling_param { global_pooling: true } }
layer { name: "up" type: "Deconvolution" bottom: "pool" top: "up"
  convolution_param { num_output: 8 group: 2 kernel_size: 3 } }
layer { name: "one" type: "InnerProduct" bottom: "up" top: "one" inner_product_param { num_output: 1 } }
"""


@pytest.fixture
def backend(monkeypatch):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    monkeypatch.setenv("GLOG_minloglevel", "2")
    return load_backend("torch")


@pytest.fixture
def twins(tmp_path, backend):
    (tmp_path / "twins.prototxt").write_text(SIAMESE, encoding="utf-8")
    return tmp_path / "twins.prototxt"


@pytest.fixture
def small(tmp_path, backend, monkeypatch):
    """The folder of a small auto-encoder's files, whose training data is there."""
    monkeypatch.chdir(tmp_path)
    digits.write(tmp_path, train=10, test=10)
    write_model("small", SMALL, Settings(out="nets", source=mnist("data")))
    return tmp_path / "nets/small"


def texts(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip()[5:-4] for line in lines if line.strip().startswith("<!--")]


def graph(backend, path):
    return drawing_of(open_graph(backend, path, phase="train")[1])


def node(name, *sources, kind="Sigmoid"):
    return Box(name, kind, kind, (1,), tuple((source, f"blob{source}") for source in sources))


def test_details_are_kernels_maps_neurons_and_pooling(backend, twins):
    found = {node.name: (node.details, node.size, node.shares) for node in graph(backend, twins).boxes}
    assert found == {
        "input": ("Input", "12x10x2", ""), "cut": ("Slice", "12x10x1", ""),
        "conv": ("Convolution \u00b7 3x5, 6 maps", "8x8x6", ""), "pool": ("Pooling \u00b7 ave of 2x2", "4x4x6", ""),
        "bend": ("ReLU", "4x4x6", ""), "conv_p": ("Convolution \u00b7 3x5, 6 maps", "8x8x6", "conv"),
        "all": ("Pooling \u00b7 max of all", "1x1x6", ""), "up": ("Deconvolution \u00b7 3x3, 8 maps", "6x6x8", ""),
        "one": ("InnerProduct \u00b7 1 neuron", "1", "")}


def test_recurrent_layers_are_neurons(backend, tmp_path):
    (tmp_path / "net.prototxt").write_text("""
        layer { name: "in" type: "Input" top: "x" top: "cont"
          input_param { shape { dim: 5 dim: 2 dim: 4 } shape { dim: 5 dim: 2 } } }
        layer { name: "one" type: "LSTM" bottom: "x" bottom: "cont" top: "one" recurrent_param { num_output: 3 } }
        layer { name: "two" type: "RNN" bottom: "one" bottom: "cont" top: "two" recurrent_param { num_output: 1 } }
        """)
    found = graph(backend, tmp_path / "net.prototxt")
    assert [box.details for box in found.boxes[1:]] == ["LSTM \u00b7 3 neurons", "RNN \u00b7 1 neuron"]
    assert found.parameters == 4 * 3 * (4 + 1 + 3) + (3 + 1 + 1 + 1 + 1)
    assert architecture.KINDS["LSTM"] == architecture.KINDS["InnerProduct"]


def test_layers_of_one_name_each_have_their_own_details(backend, tmp_path):
    (tmp_path / "net.prototxt").write_text("""
        layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 8 dim: 8 } } }
        layer { name: "a" type: "Pooling" bottom: "x" top: "one" pooling_param { pool: MAX kernel_size: 2 } }
        layer { name: "a" type: "Pooling" bottom: "one" top: "two" pooling_param { pool: AVE kernel_size: 3 } }
        layer { name: "b" type: "InnerProduct" bottom: "two" top: "b" inner_product_param { num_output: 3 }
          include { phase: TRAIN } }
        layer { name: "b" type: "InnerProduct" bottom: "two" top: "b" inner_product_param { num_output: 4 }
          include { phase: TEST } }""", encoding="utf-8")
    assert [box.details for box in graph(backend, tmp_path / "net.prototxt").boxes] == [
        "Input", "Pooling \u00b7 max of 2x2", "Pooling \u00b7 ave of 3x3", "InnerProduct \u00b7 3 neurons"]


def test_a_reader_of_a_blob_is_below_the_last_layer_that_worked_on_it_in_place(backend, twins):
    nodes = graph(backend, twins).boxes
    names = [node.name for node in nodes]
    assert {node.name: [names[source] for source, _ in node.sources] for node in nodes}["up"] == ["bend"]
    assert nodes[names.index("bend")].sources == ((names.index("pool"), "pool"),)


def test_weights_that_two_layers_share_count_once(backend, twins):
    assert graph(backend, twins).parameters == (6 * 15 + 6) + (6 * 4 * 9 + 8) + (288 + 1)


def test_towers_stand_side_by_side_row_by_row(backend, twins):
    found = graph(backend, twins)
    places = dict(zip([node.name for node in found.boxes], placed(found).places))
    assert places["input"] == (0.5, 0.0) and places["cut"] == (0.5, 1.0)
    assert places["conv"] == (0.0, 2.0) and places["conv_p"] == (1.0, 2.0)
    assert places["pool"] == (0.0, 3.0) and places["all"] == (1.0, 3.0)


def test_an_auto_encoder_is_folded_at_its_code(backend, small):
    found = graph(backend, small / "deploy.prototxt")
    names = [node.name for node in found.boxes]
    placing = placed(found)
    column = {name: place[0] for name, place in zip(names, placing.places)}
    row = {name: place[1] for name, place in zip(names, placing.places)}
    cut = names.index("ip2encode")
    assert found.code == cut
    assert {column[name] for name in names[:cut + 1]} == {0.0} and {column[name] for name in names[cut + 1:]} == {1.0}
    assert sorted(names[:cut + 1], key=row.get) == names[:cut + 1]                  # down
    assert sorted(names[cut + 1:], key=row.get) == names[:cut:-1]                   # and up
    assert row["input"] == row[names[-1]] == 0 and row["ip2encode"] == row["ip1decode"] == placing.rows - 1


def test_losses_stand_between_encoder_and_decoder(backend, small):
    found = graph(backend, small / "train_test.prototxt")
    places = dict(zip([node.name for node in found.boxes], placed(found).places))
    assert places["l2_error"] == (1.0, 0.0) and places["cross_entropy_loss"] == (1.0, 1.0)
    assert places["data"] == (0.0, 0.0) and places["deconv1neursig"] == (2.0, 0.0)


def test_a_way_that_skips_rows_goes_round_the_boxes():
    nodes = [node("data"), node("a", 0), node("b", 1), node("loss", 2, 0, kind="Loss")]
    sheet = architecture._Sheet(Drawing(nodes, 0, None), placed(Drawing(nodes, 0, None)), box=3.0)
    (skip, lane), = architecture._lanes(sheet).items()
    assert skip == (0, 3) and lane > sheet.edge


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_the_same_net_gives_the_same_file(backend, small, suffix):
    for name in ("a", "b"):
        architecture.draw(backend, small / "deploy.prototxt", small / f"{name}.{suffix}")
    assert (small / f"a.{suffix}").read_bytes() == (small / f"b.{suffix}").read_bytes()


def test_the_picture_has_every_layer_and_the_sizes(backend, small):
    architecture.draw(backend, small / "train_test.prototxt", small / "a.svg")
    found = texts(small / "a.svg")
    layers = [layer.name for layer in SMALL.layers]
    assert set(layers) | {"data", "cross_entropy_loss", "l2_error", "encoder", "decoder"} <= set(found)
    assert f"{len(layers) + 3} layers, {SMALL.parameters} parameters; code: ip2encode, 3 numbers" in found
    assert {"Convolution \u00b7 9x9, 4 maps", "InnerProduct \u00b7 3 neurons", "20x20x4"} <= set(found)


def test_no_text_leaves_its_box(backend, small):
    """Names, details, sizes and sketches of the longest layers lie beside each other, measured in the picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    long = SimpleNamespace(name="inception_3a/double_3x3_reduce_bn", details="Convolution \u00b7 11x11, 1024 maps")
    width = architecture._box_width([long])
    figure = Figure(figsize=(10, 10))
    canvas = FigureCanvasAgg(figure)
    name = figure.text(0, 0.5, long.name, fontsize=10.5, fontweight="bold")
    details = figure.text(0, 0.4, long.details, fontsize=8)
    inches = [text.get_window_extent(canvas.get_renderer()).width / figure.dpi for text in (name, details)]
    assert inches[0] + architecture.LONGEST_BAR + architecture.SIZE + 0.24 <= width
    assert inches[1] + architecture.LARGEST_MAP + architecture.SIZE + 0.24 <= width


def test_a_train_net_whose_data_is_missing_is_refused(backend, small):
    (small.parents[1] / "data/mnist_train.txt").unlink()
    with pytest.raises(InputError, match=r"mnist_train\.txt"):
        architecture.draw(backend, small / "train_test.prototxt", small / "a.png")
    assert not (small / "a.png").exists()
