"""Relatives of a workload: what it replaces, and whom it is like. Their histories are read beside its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from scaler.config import FileMetric, Workload
from scaler.config.forecasting import PredecessorConfig
from scaler.config.metrics import LoadConfig, MetricSource
from scaler.history.interface import Panel
from scaler.history.panels import History

# No workload has such a name: names have no spaces.
_PREDECESSOR = " predecessor"
_BESIDE = " beside"


def with_relatives(chosen: Sequence[Workload], everyone: Sequence[Workload]) -> list[Workload]:
    """The chosen workloads and, under names that no workload can have, what has to be read beside them."""
    names = {workload.name for workload in chosen}
    by_name = {workload.name: workload for workload in everyone}
    found = list(chosen)
    for workload in chosen:
        if workload.predecessor is not None:
            found.append(_relative(workload, workload.name + _PREDECESSOR, _load_before(workload)))
        like = workload.like
        if like is not None and like not in names:
            names.add(like)
            found.append(_relative(by_name[like], like + _BESIDE, _named(by_name[like])))
    return found


def joined(history: History, chosen: Sequence[Workload]) -> History:
    """History with each predecessor joined to its successor.

    Before the successor's first observation stands the predecessor's demand, and while both ran the sum
    of the two: traffic moves from one to the other. A predecessor that cannot be read is a note.
    """
    notes: dict[str, str] = {}
    panels = tuple(_joined_panel(panel, notes) for panel in history.panels)
    problems = dict(history.problems)
    for workload in chosen:
        for relative in (workload.name + _PREDECESSOR, f"{workload.like}{_BESIDE}"):
            problem = problems.pop(relative, None)
            if problem is not None and relative.endswith(_PREDECESSOR):
                notes[workload.name] = f"predecessor not joined: {problem.what}"
            elif problem is not None:
                notes[workload.name] = f"{workload.like} cannot be compared with: {problem.what}"
    provenance = {
        name: replace(part, notes=(*part.notes, notes[name])) if name in notes else part
        for name, part in history.provenance.items()
        if " " not in name
    }
    return replace(history, panels=panels, provenance=provenance, problems=problems)


def likeness(workload: Workload, panel: Panel) -> str | None:
    """The row of the panel that a workload is like, or ``None``."""
    candidates = (workload.like, f"{workload.like}{_BESIDE}") if workload.like is not None else ()
    return next((name for name in candidates if name in panel.names), None)


def timezones_of(panel: Panel, everyone: Mapping[str, str]) -> tuple[str, ...]:
    """Time zone of every row, relatives included."""
    return tuple(everyone[name.removesuffix(_BESIDE)] for name in panel.names)


def _joined_panel(panel: Panel, notes: dict[str, str]) -> Panel:
    kept = [name for name in panel.names if not name.endswith(_PREDECESSOR)]
    if len(kept) == len(panel.names):
        return panel
    own = panel.select(kept)
    values, marks = own.values.copy(), own.marks.copy()
    for row, name in enumerate(kept):
        if name + _PREDECESSOR not in panel.names:
            continue
        before = panel.select([name + _PREDECESSOR])
        old, mine = before.values[0], own.values[row]
        has_old, has_mine = np.isfinite(old), np.isfinite(mine)
        steps, both = int((has_old & ~has_mine).sum()), int((has_old & has_mine).sum())
        values[row] = np.where(has_old, np.where(has_mine, mine + old, old), mine)
        marks[row] = np.where(has_old & ~has_mine, before.marks[0], marks[row])
        notes[name] = f"joined to its predecessor: {steps} steps before it began, {both} steps of both added up"
    return Panel(tuple(kept), own.start, own.step_seconds, values, marks)


def _relative(workload: Workload, name: str, load: LoadConfig) -> Workload:
    """The same workload with another load, whose end may lie in the past."""
    patient = workload.history.model_copy(update={"max_age": workload.history.lookback, "max_missing": 1.0})
    return replace(workload, name=name, load=load, history=patient, predecessor=None, like=None)


def _load_before(workload: Workload) -> LoadConfig:
    given = workload.predecessor
    if isinstance(given, PredecessorConfig):
        sources = {name: getattr(given, name) for name in MetricSource.model_fields}
        return workload.load.model_copy(update=sources)
    metric = workload.load.metric
    if not isinstance(metric, FileMetric):
        raise TypeError("only a series of a file has a name")
    return workload.load.model_copy(update={"file": metric.model_copy(update={"unique_id": given})})


def _named(workload: Workload) -> LoadConfig:
    """The load of a workload, which is found by the workload's own name unless it says otherwise."""
    metric = workload.load.metric
    if isinstance(metric, FileMetric) and metric.unique_id is None:
        return workload.load.model_copy(update={"file": metric.model_copy(update={"unique_id": workload.name})})
    return workload.load
