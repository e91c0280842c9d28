"""Layers of other packages and of scripts: the example of docs/extending-layers.md, installed as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import cae_caffe
from cae_caffe import InputError, plugins, schema
from cae_caffe.engine import AutogradLayer, Traits
from cae_caffe.engine.layers import registry
from cae_caffe.net_spec import layers, to_proto
from cae_caffe.schema import layer_types

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "flip-layer"
NET = """
name: "net"
layer { name: "x" type: "DummyData" top: "x" top: "t" dummy_data_param {
  shape { dim: 2 dim: 3 dim: 2 dim: 2 } shape { dim: 2 dim: 5 } data_filler { type: "gaussian" } data_filler { } } }
layer { name: "scale" type: "Scale" bottom: "x" top: "scaled" }
layer { name: "p" type: "Flip" bottom: "scaled" top: "p" flip_param { flip_height: true } }
layer { name: "ip" type: "InnerProduct" bottom: "p" top: "ip" inner_product_param {
  num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "t" top: "loss" }
"""
PLAIN = re.sub(r"flip_param \{.*?\}", "", NET).replace("Flip", "Sigmoid")
SOLVER = 'net: "net.prototxt" base_lr: 0.05 lr_policy: "fixed" max_iter: 100 random_seed: 1 solver_mode: CPU'


def python(folder, *arguments, path=()):
    """Run Python in `folder` with this checkout and `path` to import from; return how it ended."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, *filter(None, sys.path)]))}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=folder,
                          env=environment)


def run_script(folder, script, path=()):
    result = python(folder, "-c", textwrap.dedent(script), path=path)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder in which the example is installed."""
    source, target = tmp_path_factory.mktemp("source") / "flip-layer", tmp_path_factory.mktemp("target")
    shutil.copytree(EXAMPLE, source)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
                    "--no-index", "--disable-pip-version-check", "--target", target, source], check=True)
    return target


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    return tmp_path


def test_the_page_shows_the_files():
    page = (DOCS / "extending-layers.md").read_text(encoding="utf-8")
    for file in EXAMPLE.iterdir():
        assert f"\n{file.read_text(encoding='utf-8')}```" in page, f"{file.name} is not as the page shows it"


def test_the_example_is_two_files():
    assert sorted(file.name for file in EXAMPLE.iterdir()) == ["flip_layer.py", "pyproject.toml"]


def test_an_installed_layer_computes_and_trains(installed, folder):
    run_script(folder, """
        import numpy as np
        import pytest
        from cae_caffe import InputError, pycaffe as caffe
        assert "Flip" in caffe.layer_type_list()
        solver = caffe.get_solver("solver.prototxt")
        net = solver.net
        net.forward()
        assert np.array_equal(net.blobs["p"].data, net.blobs["scaled"].data[:, :, ::-1, ::-1])

        for blob in net.blobs.values():
            blob.diff[...] = 0
        net.blobs["loss"].diff[...] = 1
        net.backward()
        x, gradient, wrong = net.blobs["scaled"].data, net.blobs["scaled"].diff.copy(), 0
        for place in np.ndindex(x.shape):
            losses = []
            for step in (0.01, -0.02):
                x[place] += step
                losses.append(float(net.forward(start="p")["loss"]))
            x[place] += 0.01
            wrong = max(wrong, abs((losses[0] - losses[1]) / 0.02 - gradient[place]))
        assert np.abs(gradient).max() > 0.1 and wrong < 1e-3, wrong

        first = float(net.forward()["loss"])
        solver.solve()
        assert float(net.forward()["loss"]) < first / 10

        solver.net.save("net.caffemodel")
        again = caffe.Net("net.prototxt", caffe.TRAIN, weights="net.caffemodel")
        assert np.array_equal(again.params["ip"][0].data, net.params["ip"][0].data)

        text = open("net.prototxt").read().replace("dim: 2 dim: 3 dim: 2 dim: 2", "dim: 2 dim: 12")
        open("net.prototxt", "w").write(text)
        with pytest.raises(InputError, match=r"`p` \\(type Flip, net.prototxt:6\\): its bottom has 2 axes; it takes"):
            caffe.Net("net.prototxt", caffe.TRAIN)
    """, [installed])


def test_an_installed_layer_is_known_to_commands(installed, folder):
    result = python(folder, "-m", "cae_caffe", "train", "-solver", "solver.prototxt", path=[installed])
    assert result.returncode == 0 and "Optimization Done." in result.stderr, result.stderr
    result = python(folder, "-m", "cae_caffe", "summary", "net.prototxt", path=[installed])
    assert result.returncode == 0 and "Flip" in result.stdout, result.stderr


def test_an_installed_layer_leaves(installed, folder):
    run_script(folder, """
        import pytest
        pytest.importorskip("onnxruntime")
        from cae_caffe import pycaffe as caffe
        from cae_caffe.export.deploy import deploy
        from cae_caffe.export.onnx import convert, file
        from cae_caffe.export.torch.files import export_torch
        net = caffe.Net("net.prototxt", caffe.TEST)
        file.write(deploy(net), "net.onnx", convert.Options("dynamic"))
        assert [node.op_type for node in convert.to_onnx(net).graph.node].count("Slice") == 2
        export_torch(net, "out")
    """, [installed])


def test_nets_in_python_and_text_know_an_installed_layer(installed, folder):
    run_script(folder, """
        from cae_caffe import schema
        from cae_caffe.net_spec import layers as L, params as P, to_proto
        assert "Flip" in dir(L) and "Flip" in dir(P)
        x = L.Input(shape=dict(dim=[2, 3, 4]))
        for keywords in (dict(flip_height=True), dict(flip_param=dict(flip_height=True))):
            net = to_proto(L.Flip(x, **keywords))
            assert net.layer[1].flip_param.flip_height
        assert schema.parse_net(schema.format_text(net)) == net
        assert schema.format_text(net).endswith('flip_param {\\n    flip_height: true\\n  }\\n}\\n')
        read = schema.read_net("net.prototxt")
        schema.write_text(read, "copy.prototxt")
        assert schema.read_net("copy.prototxt") == read and read.layer[2].flip_param.flip_height
        assert schema.extension_numbers("happynear/caffe-windows")["LayerParameter"] == {212: "flip_param"}
    """, [installed])


def test_without_the_package_the_field_is_unknown():
    with pytest.raises(InputError, match=r"net:6:58: LayerParameter has no field `flip_param`; the fork happynear/"):
        schema.parse_net(NET, "net")


def test_a_layer_of_a_script(folder):
    example = (EXAMPLE / "flip_layer.py").read_text(encoding="utf-8")
    (folder / "script.py").write_text(example + textwrap.dedent("""
        from cae_caffe import pycaffe as caffe
        from cae_caffe.net_spec import layers as L, to_proto

        solver = caffe.get_solver("solver.prototxt")
        solver.step(2)
        assert solver.net.blobs["p"].data.shape == (2, 3, 2, 2)
        assert "Flip" in caffe.layer_type_list()
        net = to_proto(L.Flip(L.Input(shape=dict(dim=[2, 3, 1, 1])), flip_height=True))
        assert net.layer[1].flip_param.flip_height
    """))
    result = python(folder, "script.py")
    assert result.returncode == 0, result.stderr


@pytest.fixture
def forget_layers(monkeypatch):
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(registry, "_TYPES", dict(registry._TYPES))
    monkeypatch.setattr(layer_types, "LAYER_TYPES", set(layer_types.LAYER_TYPES))


def test_a_layer_without_parameters_may_be_registered_at_any_time(build_train_net, forget_layers):
    @cae_caffe.register_layer("Negate")
    class Negate(AutogradLayer):
        traits = Traits(keeps_order=True)

        def compute(self, bottoms, params):
            return [-bottoms[0]]

    net = build_train_net(PLAIN.replace('"Sigmoid"', '"Negate"'))
    net.forward()
    values = [net.blobs[net.blob_names.index(name)].data for name in ("scaled", "p")]
    assert (values[1] == -values[0]).all()
    assert to_proto(layers.Negate()).layer[0].type == "Negate"


def test_a_message_that_comes_too_late_is_refused():
    schema.NetParameter()
    with pytest.raises(InputError, match="The layer type Late adds to Caffe's messages when they are in use"):
        cae_caffe.register_layer("Late", schema.Message("LateParameter"))


def test_a_field_may_have_a_name_and_number_of_its_own():
    run_script(None, """
        import cae_caffe
        from cae_caffe import schema
        from cae_caffe.net_spec import add_layer_type, layers as L, to_proto
        from cae_caffe.schema import Field, Message
        cae_caffe.register_layer("Norm", Message("NormalizeParameter", Field("eps", "float")), field="norm_param",
                                 number=206, source="SSD")
        cae_caffe.register_layer("ROIPooling", Message("ROIPoolingParameter", Field("pooled_h", "uint32")))
        fields = schema.LayerParameter.DESCRIPTOR.fields_by_name
        assert fields["norm_param"].number == 206 and fields["roi_pooling_param"].number >= 300_000_000
        add_layer_type("Norm", "norm_param")
        assert to_proto(L.Norm(L.Input(), eps=0.5)).layer[1].norm_param.eps == 0.5
    """)


def test_a_second_layer_of_a_type_is_refused_naming_both(forget_layers):
    with pytest.raises(InputError, match=r"`Sigmoid` is registered twice: for cae_caffe\.engine\.layers\.neuron\."
                                         r"Sigmoid and for \S+\.Mine; give"):
        @cae_caffe.register_layer("Sigmoid")
        class Mine(AutogradLayer):
            pass


@pytest.fixture
def package(tmp_path, monkeypatch):
    """`package(name, ...)` puts a package with these entry points, and a module NAME_module, on the path."""
    def make(name, layers="", schema="", module=""):
        target = tmp_path / name
        info = target / f"{name}-2.5.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.5\n")
        (info / "entry_points.txt").write_text(f"[cae_caffe.layers]\n{layers}\n[cae_caffe.schema]\n{schema}\n")
        (target / f"{name}_module.py").write_text(module)
        monkeypatch.syspath_prepend(target)
        plugins._found.cache_clear()
        return target
    yield make
    monkeypatch.undo()
    plugins._found.cache_clear()


SNAP = PLAIN.replace('"Sigmoid"', '"Snap"')


def test_a_broken_package_is_named_by_the_nets_that_need_it_alone(build_train_net, package):
    package("snapped", "Snap = snapped_module", module="raise ValueError('no luck\\ntoday.')")
    build_train_net(PLAIN)
    assert "Snap" in registry.type_names() and "Snap" in dir(layers)
    with pytest.raises(InputError, match=r"The package snapped 2\.5 cannot be loaded for its `Snap` \(ValueError: no "
                                         r"luck today\); mend it, install what it lacks, or uninstall it\.$"):
        build_train_net(SNAP)


def test_a_package_that_cannot_add_its_messages_is_named_where_a_field_is_unknown(package):
    target = package("snapped", schema="snap = snapped_module", module="import no_such_module")
    run_script(None, f"""
        import pytest
        from cae_caffe import InputError, schema
        schema.parse_net({PLAIN!r})
        with pytest.raises(InputError, match="no field `flip_param`; the package snapped 2.5 cannot be loaded for "
                           "its `snap` .ModuleNotFoundError: No module named 'no_such_module'.; .*uninstall it; "):
            schema.parse_net({NET!r})
    """, [target])


def test_a_package_that_does_not_register_what_it_says_is_named(build_train_net, package):
    package("empty", "Snap = empty_module")
    with pytest.raises(InputError, match=r"The package empty 2\.5 says that it has the layer type `Snap`, and "):
        build_train_net(SNAP)


def test_two_packages_with_one_layer_type_are_named(build_train_net, package):
    package("two", "Snap = two_module")
    package("one", "Snap = one_module")
    with pytest.raises(InputError, match=r"`Snap` is in the packages one 2\.5 and two 2\.5; uninstall all but one"):
        build_train_net(SNAP)


def test_packages_are_not_imported_without_need(package):
    target = package("eager", "Snap = eager_module", "snap = eager_module", module="raise SystemExit('imported')")
    run_script(None, "import cae_caffe.cli.main, cae_caffe.pycaffe; cae_caffe.pycaffe.layer_type_list()", [target])
