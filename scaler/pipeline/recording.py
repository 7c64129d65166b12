"""A plan together with the record of how it came about, and a plan made again from its record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from scaler.apply.run import run_name
from scaler.config import Config, Project
from scaler.errors import ScalerError
from scaler.forecast.records import keep_records
from scaler.history.store import Store
from scaler.pipeline.planning import PlanRun, make_plan
from scaler.pipeline.runtime import Runtime, open_store
from scaler.plan.document import Plan, WorkloadPart
from scaler.record.circumstances import versions
from scaler.record.interface import ChosenModel, RecordRefused, RunRecord
from scaler.record.memory import Remembered
from scaler.record.packs import PackReader, PackWriter, digest_of
from scaler.record.retention import prune
from scaler.record.runs import Inputs, newest_places, read_inputs, read_record, write_record
from scaler.record.witness import Recorder
from scaler.sources.prometheus_access import URL_VARIABLE


@dataclass(frozen=True)
class Draft:
    """What is known of a run before it is over: all but what it wrote and how it ended."""

    project: Project
    runtime: Runtime
    store: Store
    recorder: Recorder
    packs: PackWriter
    run: PlanRun
    assumptions: Mapping[str, Any]


def plan_on_record(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    accepted: frozenset[tuple[str, str]] = frozenset(),
    models: Mapping[str, str] = MappingProxyType({}),
) -> tuple[PlanRun, Draft]:
    """Make a plan as :func:`scaler.pipeline.make_plan` does, noting all that it is made from.

    Raises:
        scaler.errors.Failed: as there; nothing is recorded then.
    """
    store = open_store(project, runtime)
    known = {}
    with suppress(ScalerError):  # then everything is kept anew, or the record fails when it is written
        known = dict(newest_places(store))
    packs = PackWriter(store, known)
    recorder = Recorder(packs.add)
    now = runtime.clock().astimezone(UTC)
    witnessed = replace(
        runtime,
        clock=lambda: now,
        moving=runtime.clock,
        aws=recorder.aws(runtime.aws),
        outside=runtime.aws,
        witness=recorder,
    )
    run = make_plan(project, witnessed, as_of=as_of, only=only, accepted=accepted, models=models)
    assumptions = {
        "now": now.isoformat(),
        "only": sorted(only),
        "accepted": sorted([name, rule] for name, rule in accepted),
        "models": dict(sorted(models.items())),
        "offline": runtime.offline,
        "prometheus_url": runtime.environment.get(URL_VARIABLE),
    }
    return run, Draft(project, runtime, store, recorder, packs, run, assumptions)


def keep_record(
    draft: Draft,
    *,
    command: str,
    exit_code: int,
    by: Mapping[str, str],
    outputs: Iterable[tuple[Path, str]] = (),
) -> RunRecord:
    """Write the record of a run, that of each model, and drop records that are old enough.

    Args:
        by: who runs it, see :func:`scaler.record.circumstances.circumstances`.
        outputs: path and text of the files that were written.

    Raises:
        scaler.errors.ScalerError: the store does not take it. The plan is none the worse.
    """
    notes, plan, now = draft.recorder.notes, draft.run.plan, draft.runtime.clock()
    files = _files(draft, notes.doubt)
    answers = notes.inputs(draft.store.name(""))
    inputs = Inputs(answers, files, draft.packs.finish())
    record = RunRecord(
        run=run_name(plan),
        plan_id=plan.plan_id,
        as_of=plan.as_of.astimezone(UTC).isoformat(),
        command=command,
        exit_code=exit_code,
        invocations=({"at": now.astimezone(UTC).isoformat(), "exit_code": exit_code, **by},),
        versions=versions(),
        config=draft.project.config.model_dump_json(),
        config_digest=draft.project.digest,
        inputs_digest=inputs.digest,
        assumptions=_said(draft, notes.doubt),
        workloads=tuple(_chosen_model(part) for part in plan.workloads),
        unpinned=notes.unpinned,
        outputs=tuple({"path": str(path), "sha256": digest_of(text.encode())} for path, text in outputs),
        packs=tuple(sorted({pack for pack, _, _ in inputs.places.values()})),
    )
    kept = write_record(draft.store, record, inputs, plan)
    _keep_models(draft)
    mlflow = draft.project.config.records.mlflow
    if mlflow is not None and not draft.runtime.offline:
        from scaler.record.tracking import MlflowTracking  # noqa: PLC0415 - MLflow takes two seconds

        MlflowTracking(mlflow).log(kept, plan)
    prune(draft.store, keep=draft.project.config.records.keep, now=now)
    return kept


def held_models(project: Project, runtime: Runtime) -> dict[str, str]:
    """By workload, the model that a person holds it to in MLflow; none without MLflow, or offline.

    Raises:
        scaler.record.interface.RecordFailed: MLflow does not answer.
    """
    mlflow = project.config.records.mlflow
    if mlflow is None or runtime.offline:
        return {}
    from scaler.record.tracking import MlflowTracking  # noqa: PLC0415 - MLflow takes two seconds

    return MlflowTracking(mlflow).held(sorted(project.config.workloads))


def reproduce(project: Project, runtime: Runtime, run: str) -> tuple[Plan, RunRecord]:
    """Make the plan of a recorded run again, from nothing but its record.

    Args:
        project: says where the store is; the configuration of the run is in the record.
        run: name of the run, or the beginning of the id of its plan.

    Raises:
        UsageError: there is no such run.
        RecordFailed: the record is damaged.
        RecordRefused: it cannot be made again here, or came out differently; says which versions differ.
    """
    store = open_store(project, runtime)
    record = read_record(store, run)
    if record.unpinned is not None:
        raise RecordRefused(
            f"the plan of run {record.run} cannot be made again",
            why=record.unpinned,
            next_step="its plan.json.gz in the store holds the plan as it was",
        )
    inputs = read_inputs(store, record)
    reader = PackReader(store, inputs.places)
    remembered = Remembered(inputs.answers, reader.get)
    said = record.assumptions
    now = datetime.fromisoformat(said["now"])
    with TemporaryDirectory(prefix="scaler-record-") as folder:
        root = _root(Path(folder), inputs.files, reader)
        past = Project(Config.model_validate(json.loads(record.config)), root)
        url = said["prometheus_url"]
        again = replace(
            runtime,
            clock=lambda: now,
            aws=remembered.aws(runtime.aws),
            witness=remembered,
            outside=None,
            offline=said["offline"],
            environment={} if url is None else {URL_VARIABLE: url},
            stdin=None,
            fetched=None,
        )
        made = make_plan(
            past,
            again,
            as_of=datetime.fromisoformat(record.as_of),
            only=tuple(said["only"]),
            accepted=frozenset((name, rule) for name, rule in said["accepted"]),
            models=said["models"],
        )
    if made.plan.plan_id != record.plan_id:
        raise RecordRefused(
            f"the plan of run {record.run} came out differently",
            why=_differing(record.versions, versions()),
            next_step="make it again with those versions; its plan.json.gz in the store holds the plan as it was",
        )
    return made.plan, record


def _files(draft: Draft, doubt: Any) -> dict[str, str]:
    """Digest of each file beside the configuration that a plan reads, by its path there."""
    config, found = draft.project.config, dict[str, str]()
    calendars = [config.defaults.calendar, *(workload.calendar for workload in config.workloads.values())]
    named = [("calendar", calendar.file) for calendar in calendars if calendar is not None]
    measured = (workload.spot.availability for workload in config.workloads.values())
    named += [("availability", file) for file in measured if file is not None]
    for kind, file in named:
        try:
            found[file] = draft.packs.add(draft.project.path(file).read_bytes())
        except OSError:
            doubt(f"the {kind} {file} could not be read")
        if PurePosixPath(file).is_absolute():
            doubt(f"the {kind} {file} has an absolute path")
    forecasts = [config.defaults.forecast, *(workload.forecast for workload in config.workloads.values())]
    if any(forecast is not None and forecast.pretrained is not None for forecast in forecasts):
        doubt("the files of a pretrained model are not kept")
    return found


def _said(draft: Draft, doubt: Any) -> dict[str, Any]:
    said = dict(draft.assumptions)
    if "@" in (said["prometheus_url"] or ""):
        said["prometheus_url"] = None
        doubt(f"{URL_VARIABLE} holds credentials, which are not kept")
    return said


def _root(folder: Path, files: Mapping[str, str], reader: PackReader) -> Path:
    """A folder with the files as they were, deep enough that paths may lead upwards."""
    root = folder.joinpath(*["above"] * max([path.count("..") for path in files], default=0), "project")
    root.mkdir(parents=True)
    for path, digest in files.items():
        target = (root / path).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise RecordRefused(
                "the plan cannot be made again", why=f"{path} leads out of its project", next_step="move it inside"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(reader.get(digest))
    return root


def _chosen_model(part: WorkloadPart) -> ChosenModel:
    forecast, history = part.forecast, part.history
    if forecast is None or history is None:
        return ChosenModel(part.name, part.status, part.reasons)
    return ChosenModel(
        workload=part.name,
        status=part.status,
        reasons=part.reasons,
        model=forecast.model,
        reason=forecast.reason,
        cutoff=forecast.cutoff.astimezone(UTC).isoformat(),
        input_digest=history.digest,
        origins=forecast.backtest.origins,
        candidates=tuple(candidate.model_dump(mode="json") for candidate in forecast.backtest.candidates),
    )


def _keep_models(draft: Draft) -> None:
    run = draft.run
    if run.history is None or run.forecasts is None:
        return
    panels = {panel.step_seconds: panel for panel in run.history.panels}
    for _, made in run.forecasts.batches:
        keep_records(draft.store, panels[made.step_seconds].select(made.names), made)


def _differing(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    names = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    if not names:
        return "the versions are the same: the machine computes differently, or the record was edited"
    return ", ".join(f"{name} was {then.get(name, '—')} and is {now.get(name, '—')}" for name in names)
