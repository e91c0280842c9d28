"""The errors that this package raises for its users' mistakes.

Each message is a whole sentence that says what is wrong, its value, where it stands (file, line, layer), the
rule, and the remedy. The command line prints it as one line and exits with `exit_status`. An error of several
mistakes has a sentence for each: `InputError(first, second)`.
"""

from __future__ import annotations

from .printing import shown


class CaeCaffeError(RuntimeError):
    """Base of this package's own errors; catch it to catch them all. (pycaffe raises RuntimeError.)

    As text it has a line for each of its sentences, whatever is in the names that they quote; within an f-string they
    follow each other in one line, so that other sentences may say where they come from.
    """

    exit_status = 1

    def __str__(self) -> str:
        return "\n".join(map(shown, self.args))

    def __format__(self, form: str) -> str:
        return format(" ".join(map(shown, self.args)), form)


class InputError(CaeCaffeError):
    """Wrong use or bad input: a file, a field or an argument must be changed before a retry can succeed."""

    exit_status = 2


class RunError(CaeCaffeError):
    """The input was fine but the run failed: a download, a device, another program."""

    exit_status = 1
