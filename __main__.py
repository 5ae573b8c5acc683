"""`python -m slotfill`, and the installed `slotfill`, which is the same."""

import gc
import os
import site
import sys

__all__ = ["main"]

_HERE = ("", os.curdir)
"""How an entry of PYTHONPATH names the working folder, whichever that is."""

YOUNG_OBJECTS = 10_000
"""After so many garbage is looked for: by Python's own 700 that takes a twentieth of a run's processor time."""


def main() -> None:
    """Run the command line. It imports nothing from the working folder, which may be somebody else's."""
    _leave_working_folder()
    gc.set_threshold(YOUNG_OBJECTS)
    import signal  # only now: it might be found in the working folder

    # An interrupt in the midst of an import would be told by a traceback through code that nobody knows, or as an error
    # of the import's: nothing is begun, so it ends the process there and then.
    told = signal.getsignal(signal.SIGINT)
    if told is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from slotfill.cli import main as command

    signal.signal(signal.SIGINT, told)
    command(prog_name="slotfill")


def _leave_working_folder() -> None:
    """Take the working folder off the import path, unless it is there by its full name.

    Python puts it first for `python -m`, and for `PYTHONPATH=:/opt/lib`, where it is mostly an accident: libraries
    would then find their optional parts in it (h2.py, socks.py). Child processes get the changed PYTHONPATH.
    """
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    named = [entry for entry in entries if entry not in _HERE]
    if named != entries:
        os.environ["PYTHONPATH"] = os.pathsep.join(named)
    folder = _working_folder()
    if folder not in (*named, *site.getsitepackages(), site.getusersitepackages()):
        sys.path[:] = [entry for entry in sys.path if entry not in (*_HERE, folder)]


def _working_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib would be imported from there
    except FileNotFoundError:  # it has been removed
        return ""


if __name__ == "__main__":
    main()
