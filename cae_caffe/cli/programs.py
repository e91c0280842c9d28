"""This package for other processes: its command lines, and the folder by which another Python finds it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..errors import RunError
from ..running.processes import Program

CAE_CAFFE = Program("cae-caffe", "cae_caffe", imports=(f"{__package__}.main", f"{__package__}.train"))
MAKE_PROTOTXT = Program("make-prototxt", f"{__package__}.make_prototxt")
PACKAGE = Path(__file__).resolve().parents[1]
SHARED_FOLDERS = {"site-packages", "dist-packages"}


def folder_with_the_package_alone(package: Path = PACKAGE) -> Path:
    """Return a folder for another Python's PYTHONPATH, where `package` is the only one that it would find.

    That is the folder around it in a source checkout. An installed package stands among its Python's others, some of
    them compiled for it alone; then it is a folder in the user's cache (XDG_CACHE_HOME or ~/.cache) with a link to
    `package`. Raises RunError where that cannot be made.
    """
    if package.parent.name not in SHARED_FOLDERS:
        return package.parent
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "cae-caffe" / hashlib.sha256(str(package).encode()).hexdigest()[:16]
    link = folder / package.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        link.symlink_to(package)
    except FileExistsError:
        pass                    # an earlier run's; its name says where it points
    except OSError as error:
        raise RunError(f"The link {link} to this package, by which real Caffe's Python finds it, cannot be made "
                       f"({error}); set XDG_CACHE_HOME to a folder that can be written.") from error
    return folder
