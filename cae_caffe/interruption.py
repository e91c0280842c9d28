"""How a command ends that Ctrl-C (SIGINT) ended."""

STATUS = 130        # as a shell has it for a process that SIGINT ended


def status() -> int:
    """The exit status after a KeyboardInterrupt that was caught: STATUS.

    CPython remembers that a KeyboardInterrupt left an `exec` of a string, as imports are full of (run_eval_code_obj of
    Python/pythonrun.c), and `python -m` then ends by the signal, whatever was caught (Py_RunMain of Modules/main.c).
    The next such `exec` makes it forget.
    """
    exec("")
    return STATUS
