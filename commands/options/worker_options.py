"""Options on what extracts: this process, several, or a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.options.option_groups import OptionGroup, option
from slotfill.commands.options.running_options import RunningOptions

if TYPE_CHECKING:
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.session import RunEngine

__all__ = ["WorkerOptions"]

_LOCAL, _PROCESSES, _RAY = "local", "processes", "ray"


@dataclass(frozen=True, slots=True)
class WorkerOptions(OptionGroup):
    """What extracts, and how many workers it has."""

    title = RunningOptions.title

    engine: str = option(
        "--engine",
        metavar="ENGINE",
        default=_LOCAL,
        show_default=True,
        help="What extracts: local is this process; processes are several of this machine; ray starts or joins a Ray "
        "cluster, ray://HOST joins that one. With several workers --concurrency is of each.",
    )
    workers: int | None = option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many workers an engine other than local has. [default: 2]",
    )

    def check(self, *, stream: bool, cassette: bool, batch: bool) -> None:
        """Refuse what does not go together. Raises click.UsageError."""
        if self.engine == _LOCAL:
            if self.workers is not None:
                raise click.UsageError(f"--workers is for several processes: add --engine {_PROCESSES}")
            return
        if self.engine not in (_PROCESSES, _RAY) and not self.engine.startswith(f"{_RAY}://"):
            known = f"{_LOCAL}, {_PROCESSES}, {_RAY} and {_RAY}://HOST"
            raise click.UsageError(f"no engine {self.engine!r}: there are {known}")
        of_one = {"--stream": stream, "--cassette": cassette, "--batch": batch}
        for other in (name for name, asked in of_one.items() if asked):
            raise click.UsageError(f"{other} is of one process: leave --engine {self.engine} out")

    def start(self, extractor: Extractor[Any], concurrency: int | None) -> RunEngine | None:
        """Make what extracts; None for this process. Raises SchemaError and SettingsError, as a recipe does."""
        if self.engine == _LOCAL:
            return None
        workers, each = self.workers or 2, concurrency or extractor.settings.concurrency
        if self.engine == _PROCESSES:
            from slotfill.extractors.distributed.local_workers import LocalWorkers

            return LocalWorkers(extractor, workers=workers, concurrency=each)
        from slotfill.extractors.distributed.clusters.ray_workers import RayWorkers

        return RayWorkers(extractor, workers=workers, concurrency=each, address=self.engine)
