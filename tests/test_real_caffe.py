"""The bridge to real Caffe itself: what goes over comes back, and a process that dies is named and replaced."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

ECHO = "def main(**kwargs): return kwargs"


def test_arrays_and_scalars_return_as_they_went(real_caffe):
    sent = {"array": np.arange(6, dtype=np.float32).reshape(2, 3), "nested": [(np.float64(0.1), "x")],
            "empty": np.zeros((0, 4))}
    back = real_caffe(ECHO, **sent)
    assert back["array"].dtype == np.float32 and back["array"].tolist() == sent["array"].tolist()
    assert back["array"].flags.writeable
    assert back["nested"] == [(0.1, "x")] and type(back["nested"][0][0]) is np.float64
    assert back["empty"].shape == (0, 4)


def test_the_process_is_real_caffe_and_is_kept_between_calls(real_caffe):
    source = "import os, caffe\ndef main(): return os.getpid(), caffe.__version__"
    assert real_caffe(source) == real_caffe(source)
    assert real_caffe(source)[1].startswith("1.0")


def test_an_exception_arrives_with_its_traceback(real_caffe):
    with pytest.raises(RuntimeError, match=r"in main\n(.*\n)*ValueError: too small"):
        real_caffe("def main(): raise ValueError('too small')")


def test_printing_does_not_disturb_the_answers(real_caffe):
    assert real_caffe("def main():\n    print('x' * 10000)\n    return 1") == 1


def test_a_call_does_not_move_the_next_ones_working_directory(real_caffe):
    where = "import os\ndef main(): return os.getcwd()"
    home = real_caffe(where)
    real_caffe("import os\ndef main(): os.chdir('/')")
    assert real_caffe(where) == home


def test_a_failed_check_is_reported_and_the_next_call_runs(real_caffe, tmp_path):
    net = tmp_path / "net.prototxt"
    net.write_text('layer { name: "i" type: "NoSuchLayer" top: "i" }')
    source = "import caffe\ndef main(net): caffe.Net(net, caffe.TEST)"
    with pytest.raises(RuntimeError, match="Unknown layer type: NoSuchLayer"):
        real_caffe(source, net=str(net))
    assert real_caffe(ECHO, value=1) == {"value": 1}


def test_the_package_imports_on_real_caffes_python(real_caffe):
    assert real_caffe("def main():\n    import cae_caffe\n    return cae_caffe.__name__") == "cae_caffe"


def test_caffe_run_captures_the_log(caffe_run):
    assert "caffe version 1.0" in caffe_run(["caffe", "--version"]).stdout


def test_caffe_run_fails_the_test_with_caffes_words(caffe_run):
    with pytest.raises(pytest.fail.Exception, match="no-such-solver"):
        caffe_run(["caffe", "train", "-solver", "no-such-solver"])
    assert caffe_run(["caffe", "train", "-solver", "no-such-solver"], check=False).returncode != 0


def gets_kernels_named():
    """Whether with-caffe knows the processor's family: Intel's and AMD's with AVX2, as far as Linux tells."""
    said = Path("/proc/cpuinfo")
    text = said.read_text(encoding="utf-8") if said.exists() else ""
    return re.search("GenuineIntel|AuthenticAMD", text) and re.search(r"^flags.* avx2 ", text, re.MULTILINE)


@pytest.mark.parametrize("named, expected", [
    pytest.param("", "(?!Prescott)", marks=pytest.mark.skipif(
        not gets_kernels_named(), reason="with-caffe names kernels only for Intel's and AMD's processors with AVX2")),
    ("Nehalem", "Nehalem")])
def test_a_processor_younger_than_openblas_gets_the_kernels_of_its_family(caffe_run, named, expected):
    done = caffe_run(["python3", "-c", "import caffe"], env={"OPENBLAS_VERBOSE": "2", "OPENBLAS_CORETYPE": named})
    assert re.match(f"Core: {expected}", done.stderr)
