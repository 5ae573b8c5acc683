"""Disks on which a file can be locked, told from those where it cannot be trusted."""

from __future__ import annotations

from pathlib import Path

import psutil

__all__ = ["network_disk"]

_NETWORK = frozenset(
    {"afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs"}
    | {"fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3"}
    | {"smbfs", "webdav"}
)
"""Kinds of file systems on which SQLite's locks cannot be relied on.

https://sqlite.org/howtocorrupt.html#_file_locking_problems
"""


def network_disk(path: Path) -> str | None:
    """Return the kind of network disk that a path is on, None for a local one."""
    place = path.absolute()
    mounts = [mount for mount in psutil.disk_partitions(all=True) if place.is_relative_to(mount.mountpoint)]
    if not mounts:
        return None
    # The last one of the deepest: it hides what is mounted at the same place before it.
    mount = max(reversed(mounts), key=lambda mount: len(Path(mount.mountpoint).parts))
    remote = mount.fstype.lower() in _NETWORK or "remote" in mount.opts.split(",")
    return mount.fstype or "remote" if remote else None
