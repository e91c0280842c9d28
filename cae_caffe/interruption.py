"""How a command ends that Ctrl-C (SIGINT) ended."""

STATUS = 130        # as a shell has it for a process that SIGINT ended


def status() -> int:
    """The exit status after a KeyboardInterrupt that was caught: STATUS.

    `python -m` (pymain_run_module of CPython) also remembers that a KeyboardInterrupt left an `exec` of a string, as
    imports are full of, and then ends by the signal, whatever was caught. The next such `exec` makes it forget.
    """
    exec("")
    return STATUS
