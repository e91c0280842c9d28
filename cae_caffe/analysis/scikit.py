"""scikit-learn, which only those who measure or draw codes need: looked for no earlier, its extra named if missing."""

from __future__ import annotations

import importlib

from ..errors import InputError


def scikit(module: str):
    """The module `sklearn.MODULE`; raises `InputError` that says how to get scikit-learn where it is missing."""
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ImportError as error:
        raise InputError("Measures of codes need scikit-learn: pip install 'cae-caffe[figures]'.") from error
