"""The layers, one family a file. Importing this package imports every file in it, and so registers them all."""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    if _module.name != "table":         # a program, which Python wants to run before anybody imports it
        importlib.import_module(f"{__name__}.{_module.name}")
