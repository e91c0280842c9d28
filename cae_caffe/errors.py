"""The errors that this package raises for its users' mistakes.

Each message is a whole sentence that says what is wrong, its value, where it stands (file, line, layer), the
rule, and the remedy. The command line prints it as one line and exits with `exit_status`.
"""


class CaeCaffeError(RuntimeError):
    """Base of this package's own errors; catch it to catch them all. (pycaffe raises RuntimeError.)"""

    exit_status = 1


class InputError(CaeCaffeError):
    """Wrong use or bad input: a file, a field or an argument must be changed before a retry can succeed."""

    exit_status = 2


class RunError(CaeCaffeError):
    """The input was fine but the run failed: a download, a device, another program."""

    exit_status = 1
