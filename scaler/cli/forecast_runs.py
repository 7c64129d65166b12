"""Where ``scaler forecast`` gets its forecasts: from a configuration, or from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from scaler.errors import ConfigurationError, ScalerError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from scaler.config import EventConfig, Project
    from scaler.forecast.informed import InformedForecaster
    from scaler.forecast.interface import QuantileForecast
    from scaler.history.interface import Panel
    from scaler.pipeline import Runtime


@dataclass(frozen=True, eq=False)
class Part:
    """Series of one step and cutoff.

    Attributes:
        timezones, models: one per row of ``made``.
    """

    panel: Panel
    made: QuantileForecast
    forecaster: InformedForecaster
    timezones: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Shown:
    """What is printed: the forecasts, and by name why a series has none."""

    parts: tuple[Part, ...]
    problems: Mapping[str, ScalerError]


def from_project(
    config: Path,
    runtime: Runtime,
    *,
    as_of: datetime,
    patterns: Sequence[str],
    horizon: str | None,
    events: tuple[EventConfig, ...],
    accepted: frozenset[tuple[str, str]],
) -> Shown:
    """Fetch and forecast the workloads of a configuration, and keep the record of each model in its store."""
    from scaler.cli.run import chosen
    from scaler.config.reader import load_config
    from scaler.forecast.records import keep_records
    from scaler.pipeline import Assumptions, fetch, open_store
    from scaler.pipeline import forecast as forecast_history

    project = _with_horizon(load_config(config), horizon)
    only = chosen(project, patterns)
    history = fetch(project, runtime, as_of=as_of, only=only)
    assumptions = Assumptions(accepted, events)
    run = forecast_history(project, runtime, history, as_of=as_of, assumptions=assumptions)
    panels = {panel.step_seconds: panel for panel in history.panels}
    parts = tuple(
        Part(
            panel=panels[made.step_seconds].select(made.names),
            made=made,
            forecaster=forecaster,
            timezones=tuple(given.workload.timezone for given in batch),
            models=tuple(given.workload.forecast.model for given in batch),
        )
        for (batch, made), forecaster in zip(run.batches, run.forecasters, strict=True)
    )
    if not events and not runtime.offline:  # what if is no record
        store = open_store(project, runtime)
        for part in parts:
            keep_records(store, part.panel, part.made)
    return Shown(parts, run.problems)


def from_file(
    source: str,
    runtime: Runtime,
    *,
    horizon: str,
    step: str | None,
    quantiles: str | None,
    as_of: datetime | None,
    timezone: str,
    model: str,
    holidays: str | None,
    time_budget: str | None,
    events: tuple[EventConfig, ...],
    accepted: frozenset[tuple[str, str]],
    only: Sequence[str],
) -> Shown:
    """Read a file and forecast its series."""
    from scaler.forecast.frame import QUANTILES, FrameOptions, parse_holidays, run_frame

    frame = _read(source, runtime)
    if only and "unique_id" in frame.columns:
        names = frame["unique_id"].astype(str)
        frame = frame[[any(fnmatchcase(name, pattern) for pattern in only) for name in names]]
    runtime.progress(f"forecasting {frame['unique_id'].nunique() if 'unique_id' in frame.columns else 0} series")
    run = run_frame(
        frame,
        FrameOptions(
            horizon=int(horizon) if horizon.isdigit() else horizon,
            step=step,
            quantiles=_quantiles(quantiles) if quantiles else QUANTILES,
            as_of=as_of,
            timezone=_zone(timezone),
            model=model,
            holidays=parse_holidays(holidays) if holidays else None,
            time_budget=time_budget,
            events=events,
            accept=frozenset(name for name, _ in accepted),
            workers=runtime.workers,
        ),
    )
    parts = tuple(
        Part(panel.select(made.names), made, forecaster, (timezone,) * len(made.names), (model,) * len(made.names))
        for panel, made, forecaster in run.parts
    )
    return Shown(parts, run.problems)


def _with_horizon(project: Project, horizon: str | None) -> Project:
    from dataclasses import replace

    from scaler.config.units import parse_duration

    if horizon is None:
        return project
    try:
        length = parse_duration(horizon)
    except ValueError as error:
        raise UsageError(f"--horizon {horizon!a} is no length of time", why=str(error), next_step="write 48h") from None
    defaults = project.config.defaults.model_copy(update={"horizon": length})
    workloads = {
        name: workload.model_copy(update={"horizon": None}) for name, workload in project.config.workloads.items()
    }
    return replace(project, config=project.config.model_copy(update={"defaults": defaults, "workloads": workloads}))


def _read(source: str, runtime: Runtime) -> pd.DataFrame:
    import pandas as pd

    from scaler.sources.contents import read_path, read_stream
    from scaler.sources.parquet import read_parquet

    if source == "-" and runtime.stdin is None:
        raise UsageError("--input - has nothing to read", why="stdin is closed", next_step="name a file")
    try:
        if source != "-" and Path(source).suffix in (".parquet", ".pq"):
            table: pd.DataFrame = read_parquet(Path(source), source).to_pandas()
            return table
        if source == "-" and runtime.stdin is not None:
            content = read_stream(runtime.stdin, "--input -")
        else:
            content = read_path(Path(source), source)
        # Text throughout: the id 007 stays 007.
        frame = pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise ConfigurationError(
            f"--input {source} cannot be read", why=reason, next_step="Name a CSV or Parquet file, or - for stdin."
        ) from error
    if "y" in frame.columns:
        frame["y"] = pd.to_numeric(frame["y"], errors="coerce")
    return frame


def _quantiles(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            f"--quantiles {text!a} are no numbers", why=str(error), next_step="write them as in 0.5,0.9,0.99"
        ) from error


def _zone(name: str) -> str:
    from zoneinfo import available_timezones

    if name not in available_timezones():
        raise UsageError(
            f"--timezone {name!a} is unknown", why="it is no name of the IANA database", next_step="write Europe/Berlin"
        )
    return name
