"""Writes a source distribution anew, so that the same commit gives the same bytes: sorted, by one user, at one time.

setuptools does this for wheels, by SOURCE_DATE_EPOCH, and not for what it makes of tar and gzip.
"""

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path


def rewrite(path: Path, seconds: int) -> None:
    """Write the file anew. seconds: since 1970, for every member and for the file itself."""
    written = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda one: one.name):
            content = old.extractfile(member)
            member.mtime, member.uid, member.gid, member.uname, member.gname = seconds, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, content)
    path.write_bytes(gzip.compress(written.getvalue(), mtime=seconds))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        rewrite(Path(name), int(os.environ["SOURCE_DATE_EPOCH"]))
