"""The report: one self-contained HTML page of what a results folder holds, the paper's numbers beside it."""

from .page import write

__all__ = ["write"]
