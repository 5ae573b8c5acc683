"""Pixels as a PNG file, which needs no more than zlib: a library for pictures would be a dependency for 30 lines."""

from __future__ import annotations

import struct
import zlib

__all__ = ["png_file"]

_GREY, _COLOURED = 0, 2
"""The colour types of PNG: one sample a pixel, or three."""


def png_file(width: int, height: int, pixels: bytes) -> bytes:
    """Write a picture.

    Args:
        width: Pixels a line.
        height: How many lines.
        pixels: Red, green and blue of each, a byte each, line by line. A picture without colours is written in grey.
    """
    red, green, blue = pixels[0::3], pixels[1::3], pixels[2::3]
    is_grey = red == green == blue
    samples, length, kind = (red, width, _GREY) if is_grey else (pixels, 3 * width, _COLOURED)
    # Before each line stands how it was filtered: 0, as it is. What is mostly white is small without.
    lines = b"".join(b"\0" + samples[at : at + length] for at in range(0, height * length, length))
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
