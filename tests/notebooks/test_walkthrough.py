"""The notebook runs from its first cell to its last, on nets trained here for a moment, and is kept without outputs."""

from __future__ import annotations

from pathlib import Path

import digits
import nbformat
import pytest
from nbclient import NotebookClient

from cae_caffe import schema
from cae_caffe.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "walkthrough.ipynb"
SECONDS = 300       # that a cell may take, on however slow a machine
COUNT = 40


@pytest.fixture
def trained(request, tmp_path, monkeypatch):
    """Deploy net, weights and data of a few training steps of a model of the paper, in a folder of its own."""
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLOG_minloglevel", "1")
    digits.write(tmp_path, train=200, test=COUNT)
    source = ROOT / "prototxt" / request.param
    solver = schema.read_solver(source / "solver.prototxt")
    solver.net, solver.snapshot_prefix = str(source / "train_test.prototxt"), "small"
    solver.max_iter, solver.test_initialization = 20, False
    schema.write_text(solver, "solver.prototxt")
    assert main(["train", "-solver", "solver.prototxt", "--backend", "torch"]) == 0
    return {"NET": str(source / "deploy.prototxt"), "WEIGHTS": "small_iter_20.caffemodel",
            "DATA": "data/mnist_test.txt", "COUNT": COUNT}


def execute(parameters, folder):
    """The notebook after a run in `folder`, with other values in its cell of parameters."""
    book = nbformat.read(str(NOTEBOOK), as_version=4)
    cell = next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", ()))
    names = [line.split(" = ")[0] for line in cell.source.splitlines()]
    assert names == list(parameters)
    cell.source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(book, timeout=SECONDS, kernel_name="python3", resources=place).execute()
    return book


def printed(book, beginning):
    """The text below the code cell that begins so."""
    cell = next(cell for cell in book.cells if cell.cell_type == "code" and cell.source.startswith(beginning))
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")


def pictures(book):
    return sum("image/png" in output.get("data", {}) for cell in book.cells if cell.cell_type == "code"
               for output in cell.outputs)


@pytest.mark.parametrize("trained, code, layers", [
    ("cae1-n2", "ip2encode: 2 numbers", 17),
    pytest.param("classic-300-150-75-n10", "encode4: 10 numbers", 16, marks=pytest.mark.long),
], indirect=["trained"])
def test_the_notebook_runs_to_its_end(trained, tmp_path, code, layers):
    book = execute(trained, tmp_path)
    assert printed(book, "with open(DATA)").startswith(code)
    # Scatter, filters, reconstructions and decoded codes; and a picture for each blob.
    assert len(printed(book, "%matplotlib").splitlines()) == layers
    assert pictures(book) == 4 + layers
    entropy = float(printed(book, "few = ").split()[1].rstrip(";"))
    assert 0 < entropy < 784
    assert "Traceback" not in str(book)


def test_the_notebook_is_kept_without_outputs():
    book = nbformat.read(str(NOTEBOOK), as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert code and not any(cell.outputs or cell.execution_count for cell in code)
