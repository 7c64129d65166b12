"""Takes the figures of a run to where the configuration wants them. A failure to do so changes nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scaler.aws.redaction import one_safe_line
from scaler.config import Project
from scaler.errors import ScalerError
from scaler.metrics import emf
from scaler.metrics.exposition import exposition, push, write_textfile
from scaler.metrics.interface import Sample
from scaler.pipeline.runtime import Runtime


def publish(
    project: Project,
    runtime: Runtime,
    samples: Sequence[Sample],
    *,
    command: str,
    warn: Callable[[str], None],
    emit: Callable[[str], None],
) -> None:
    """Write, push and emit the figures.

    Args:
        warn: told in one line what did not work.
        emit: given each line of the embedded metric format that goes to no file.
    """
    config, way = project.config.metrics, _Way(project, runtime, samples, command, emit)
    wanted: list[tuple[bool, str, Callable[[], None]]] = [
        (config.textfile is not None, "the textfile was not written", way.textfile),
        (config.pushgateway is not None and not runtime.offline, "nothing was pushed", way.gateway),
        (bool(config.emf), "no embedded metrics", way.embedded),
    ]
    for _, what, act in (each for each in wanted if each[0]):
        try:
            act()
        except ScalerError as error:
            warn(f"metrics: {what}: {one_safe_line(error.what)}: {one_safe_line(error.why)}")
        except Exception as error:
            # Whatever is wrong with a figure, the run is over and was right.
            warn(f"metrics: {what}: {type(error).__name__}: {one_safe_line(error)}")


@dataclass(frozen=True)
class _Way:
    project: Project
    runtime: Runtime
    samples: Sequence[Sample]
    command: str
    emit: Callable[[str], None]

    def textfile(self) -> None:
        config = self.project.config.metrics
        folder = self.project.path(str(config.textfile))
        write_textfile(folder, self._text(), project=config.project, command=self.command)

    def gateway(self) -> None:
        config = self.project.config.metrics
        push(
            str(config.pushgateway),
            self._text(),
            project=config.project,
            command=self.command,
            auth=config.pushgateway_auth,
            environment=self.runtime.environment,
        )

    def embedded(self) -> None:
        config, now = self.project.config.metrics, self.runtime.clock()
        made = emf.lines(self.samples, project=config.project, command=self.command, now=now)
        if isinstance(config.emf, str):
            # One write: lines of two runs do not get into each other.
            with self.project.path(config.emf).open("a", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in made))
        else:
            for line in made:
                self.emit(line)

    def _text(self) -> bytes:
        return exposition(self.samples, project=self.project.config.metrics.project, command=self.command)
