"""Notices and figures of an unattended run. Whatever is wrong with them, the run is over and was right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from scaler.config import Project
from scaler.errors import ScalerError
from scaler.history.store import Store
from scaler.metrics.figures import of_outcomes, of_plan, of_run, of_update
from scaler.metrics.interface import Sample
from scaler.notify.content import notice_of_failure, notice_of_plan
from scaler.pipeline.metering import publish
from scaler.pipeline.noticing import notice_of_update, notify
from scaler.pipeline.rolling_loop import Line
from scaler.pipeline.runtime import Runtime
from scaler.plan.document import Plan
from scaler.unattended.claim import FOLDER
from scaler.unattended.interface import Request, Summary
from scaler.unattended.log import Log

_TOLD = f"{FOLDER}/told.json"


class Teller:
    """Tells those whom the configuration names, and the log.

    Args:
        request: says the mode, which is the command of notices and figures, and whether figures are wanted.
    """

    def __init__(self, project: Project, runtime: Runtime, request: Request, log: Log) -> None:
        self._project, self._runtime, self._request, self._log = project, runtime, request, log

    def plan(self, plan: Plan, summary: Summary) -> None:
        """What was planned and, if so, written."""
        if self._project.config.notify:
            notice = notice_of_plan(plan, command=summary.mode, exit_code=summary.exit_code, problems={})
            written = {"changes": str(summary.changes)} if summary.mode == "apply" else {}
            facts = {**notice.facts, **written, "event": summary.run_key}
            notify(self._project, self._runtime, replace(notice, facts=facts), self._warn)
        whole = {part.name for part in plan.workloads} == set(self._project.config.workloads)
        # Figures of a part would take the place of those of all.
        self._publish([*self._of_run(summary), *(of_plan(plan) if whole else ())])

    def update(self, line: Line, summary: Summary, store: Store) -> None:
        """What an update did, unless the same is wrong as before and nothing was written; all its figures."""
        tick = line.tick
        if tick is None:
            return
        if self._project.config.notify:
            state = [sorted(tick.doubts.items()), sorted(tick.short)]
            digest = hashlib.sha256(json.dumps(state).encode()).hexdigest()
            before = store.read(_TOLD)
            if tick.changes or before is None or before.data.decode() != digest:
                notify(self._project, self._runtime, notice_of_update(line), self._warn)
                store.write(_TOLD, digest.encode())
        names = self._project.config.workloads
        figures = of_update(names=names, floors=tick.floors, doubts=tick.doubts, short=tick.short)
        self._publish([*self._of_run(summary), *figures])

    def failure(self, error: ScalerError, summary: Summary, *, notice: bool) -> None:
        """What ended the run."""
        if notice and self._project.config.notify:
            notify(self._project, self._runtime, notice_of_failure(error, command=summary.mode), self._warn)
        self._publish(self._of_run(summary))

    def _of_run(self, summary: Summary) -> list[Sample]:
        statuses = [each.status for each in summary.workloads]
        doubted = sum(status in ("refused", "left alone") for status in statuses)
        now = self._runtime.clock()
        return [
            *of_run(now, summary.exit_code, summary.changes),
            *of_outcomes(refused=doubted, degraded=statuses.count("degraded")),
        ]

    def _publish(self, samples: Sequence[Sample]) -> None:
        metrics = self._project.config.metrics
        if self._request.figures and not metrics.emf:
            metrics = metrics.model_copy(update={"emf": True})
        project = replace(self._project, config=self._project.config.model_copy(update={"metrics": metrics}))
        publish(project, self._runtime, samples, command=self._request.mode, warn=self._warn, emit=self._log.raw)

    def _warn(self, line: str) -> None:
        self._log.warning(line)
