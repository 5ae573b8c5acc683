"""Models in several files: their names, and that llama.cpp loads them by the first and answers the same."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.llama import Engine
from slotfill.extractors.local.llama_server import EngineOptions, file_identity
from slotfill.extractors.local.weights.split_files import split_file_names
from slotfill.extractors.local.weights.weights import locate_weights

ALIGNMENT = 32
SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""The bytes of a value of each type of GGUF; 8 is a string, 9 an array."""


def number(file: BinaryIO, form: str) -> int:
    (value,) = struct.unpack(f"<{form}", file.read(struct.calcsize(form)))
    return int(value)


def skip_value(file: BinaryIO, kind: int) -> None:
    if kind == 8:
        file.seek(number(file, "Q"), 1)
    elif kind == 9:
        inner, count = number(file, "I"), number(file, "Q")
        for _ in range(count):
            skip_value(file, inner)
    else:
        file.seek(SCALARS[kind], 1)


def tensors(file: BinaryIO, count: int) -> Iterator[tuple[bytes, int]]:
    """Yield what is said of each tensor before its offset, and the offset."""
    for _ in range(count):
        start = file.tell()
        file.seek(number(file, "Q"), 1)
        file.seek(8 * number(file, "I") + 4, 1)
        end = file.tell()
        file.seek(start)
        yield file.read(end - start), number(file, "Q")


def split(model: Path, folder: Path, parts: int) -> list[Path]:
    """Split a GGUF file as llama.cpp's own tool does: all metadata in the first file, tensors in each."""
    with model.open("rb") as file:
        file.seek(8)
        count, keys = number(file, "Q"), number(file, "Q")
        start = file.tell()
        for _ in range(keys):
            file.seek(number(file, "Q"), 1)
            skip_value(file, number(file, "I"))
        end = file.tell()
        file.seek(start)
        metadata = file.read(end - start)
        listed = [*tensors(file, count)]
        data = file.tell() + -file.tell() % ALIGNMENT
        ends = [*sorted(offset for _, offset in listed)[1:], model.stat().st_size - data]
        sizes = dict(zip(sorted(offset for _, offset in listed), ends, strict=True))
        paths = [folder / f"tiny-{part:05}-of-{parts:05}.gguf" for part in range(1, parts + 1)]
        for part, path in enumerate(paths):
            mine = listed[part * count // parts : (part + 1) * count // parts]
            known = metadata if part == 0 else b""
            for key, form, kind, value in (
                (b"split.no", "H", 2, part),
                (b"split.count", "H", 2, parts),
                (b"split.tensors.count", "i", 5, count),
            ):
                known += struct.pack("<Q", len(key)) + key + struct.pack(f"<I{form}", kind, value)
            head = b"GGUF" + struct.pack("<IQQ", 3, len(mine), 3 + (keys if part == 0 else 0)) + known
            at = 0
            for described, offset in mine:
                head += described + struct.pack("<Q", at)
                at += sizes[offset] - offset
            with path.open("wb") as target:
                target.write(head + bytes(-len(head) % ALIGNMENT))
                for _, offset in mine:
                    file.seek(data + offset)
                    target.write(file.read(sizes[offset] - offset))
    return paths


def test_the_files_of_a_model_are_told_by_the_name_of_any() -> None:
    names = ("a-00001-of-00003.gguf", "a-00002-of-00003.gguf", "a-00003-of-00003.gguf")
    assert [split_file_names(name) for name in names] == [names] * 3
    for single in (
        "a.gguf",
        "a-00004-of-00003.gguf",
        "a-00000-of-00003.gguf",
        "a-1-of-3.gguf",
        "a-00001-of-00000.gguf",
    ):
        assert split_file_names(single) == (single,)


def test_all_files_of_a_model_must_be_there(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in split_file_names("a-00001-of-00003.gguf"))
    first.write_bytes(b"GGUF1")
    with pytest.raises(ModelError, match=r"in 3 files, of which 2 are not there: .*-00002-of-.*, .*-00003-of-"):
        locate_weights(f"local:{first}")
    second.write_bytes(b"GGUF22")
    third.write_bytes(b"GGUF333")
    assert locate_weights(f"local:{third}") == first
    assert file_identity(first)[1] == len(b"GGUF1GGUF22GGUF333")


@pytest.mark.local
@pytest.mark.slow
def test_a_model_in_several_files_is_loaded_by_the_first(model_file: Path, tmp_path: Path) -> None:
    parts = split(model_file, tmp_path, 3)
    options = EngineOptions(slots=1, context=512)
    prompt, labels = "Text: I love it.\nSentiment:", ("positive", "negative")
    split_engine = Engine(locate_weights(f"local:{parts[1]}"), options)
    whole_engine = Engine(model_file, options)
    scores = [engine.score(prompt, labels, threading.Event()) for engine in (split_engine, whole_engine)]
    assert scores[0] == scores[1]
