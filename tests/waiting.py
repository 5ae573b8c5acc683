"""Waiting for what another thread or process does in its own time."""

import time


def wait_for(is_so, seconds=60):
    """Return what something gives once that is true; fail where it never is."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end, f"it was not so within {seconds} s"
        time.sleep(0.02)
    return found
