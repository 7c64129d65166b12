"""Plans of the past, one after the other, against demand as it then was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from scaler.history.interface import Panel
from scaler.history.spans import epoch, moment
from scaler.plan.past import ScoredPlan, ScoredWorkload
from scaler.status.board import Board
from scaler.status.incidents import Ledger, ledger
from scaler.status.interface import ModelSpan, RunScore, Scores, Unread, WorkloadStatus
from scaler.status.tally import Tally, forecasts_of


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores, and the grids that they were made from.

    Attributes:
        boards: one per panel.
    """

    scores: Scores
    boards: tuple[Board, ...]

    def board(self, name: str) -> Board | None:
        """The grids that a workload is on."""
        return next((board for board in self.boards if name in board.row), None)


def score(
    plans: Iterable[tuple[str, ScoredPlan | Unread]],
    panels: Sequence[Panel],
    *,
    first: datetime,
    plan_step_seconds: int,
    names: Sequence[str],
    units: Mapping[str, str] | None = None,
) -> Scored:
    """Score plans against demand. Plans are looked at one at a time; what is kept is of the size of the panels.

    Args:
        plans: name of each run and its plan, or why it cannot be read; oldest first.
        panels: demand up to now; what has not arrived is not in them, or NaN.
        first: start of the period; nothing before it is scored. Plans from before it may be in force at its start.
        names: workloads to report on; those without a panel have nothing that is known.
        units: unit of demand by workload.
    """
    boards = tuple(Board(panel, plan_step_seconds) for panel in panels)
    tallies = tuple(Tally(board, first=epoch(first)) for board in boards)
    runs: list[str] = []
    unread: list[Unread] = []
    made: dict[str, list[RunScore]] = {name: [] for name in names}
    notes: dict[str, list[str]] = {name: [] for name in names}
    for run, plan in plans:
        if isinstance(plan, Unread):
            unread.append(plan)
            continue
        runs.append(run)
        for part in plan.workloads:
            if part.name in made:
                made[part.name].append(RunScore(run, part.name, plan.as_of, part.status))
        for board, tally in zip(boards, tallies, strict=True):
            _one(board, tally, run, len(runs) - 1, plan, made, notes)
    workloads = {name: WorkloadStatus(name, (units or {}).get(name, "demand"), None) for name in sorted(names)}
    for board, tally in zip(boards, tallies, strict=True):
        book = ledger(board, runs, first=first)
        for name in board.row.keys() & workloads.keys():
            workloads[name] = _status(workloads[name], board, tally, book, made[name], first)
    for name, status in workloads.items():
        told = tuple(dict.fromkeys(notes[name]))
        runs_of = status.runs or tuple(made[name])
        workloads[name] = replace(status, runs=runs_of, notes=(*status.notes, *told), models=_models(runs_of))
    return Scored(Scores(tuple(runs), tuple(unread), workloads), boards)


def _one(  # noqa: PLR0917 - one call
    board: Board,
    tally: Tally,
    run: str,
    index: int,
    plan: ScoredPlan,
    made: Mapping[str, list[RunScore]],
    notes: Mapping[str, list[str]],
) -> None:
    """Take one plan into the sums of one board."""
    mine = [part for part in plan.workloads if part.name in board.row and part.name in made]
    planned = [part for part in mine if _is_planned(part)]
    for part in mine:
        if _is_planned(part):
            board.put(part, index)
        else:
            board.refuse(part, epoch(plan.as_of))
    stacks, unfit = forecasts_of(board, planned)
    for name in unfit:
        notes[name].append(f"the forecast of run {run} is in steps that do not fit today's history: not scored")
    parts = {board.row[part.name]: part for part in planned}
    for stack in stacks:
        outcome = tally.add(stack)
        for at, row in enumerate(stack.rows):
            part, known = parts[int(row)], int(outcome.points[at]) > 0
            mean, share = float(outcome.loss[at]), float(outcome.covered[at])
            made[part.name][-1] = replace(
                made[part.name][-1],
                points=int(outcome.points[at]),
                covered=share if known and np.isfinite(share) else None,
                pinball=mean if known else None,
            )
    for part in planned:
        assert part.forecast is not None and part.requirement is not None  # noqa: S101, PT018
        made[part.name][-1] = replace(
            made[part.name][-1],
            cutoff=part.forecast.cutoff,
            model=part.forecast.model,
            quantile=part.requirement.quantile,
        )


def _is_planned(part: ScoredWorkload) -> bool:
    return part.forecast is not None and part.requirement is not None and bool(part.steps)


def _status(  # noqa: PLR0917 - one call
    bare: WorkloadStatus, board: Board, tally: Tally, book: Ledger, made: Sequence[RunScore], first: datetime
) -> WorkloadStatus:
    row = board.row[bare.name]
    known = np.flatnonzero(np.isfinite(board.panel.values[row]))
    until = None
    if known.size:
        until = moment(board.start) + timedelta(seconds=board.panel.step_seconds * (int(known[-1]) + 1))
    sums = book.of(row)
    runs = tuple(
        replace(
            each,
            planned_usd=mine.planned_usd,
            needed_usd=mine.needed_usd,
            shortage_minutes=mine.shortage_minutes if mine.known_minutes else None,
            known_minutes=mine.known_minutes,
        )
        for each in made
        for mine in (book.run(row, each.run),)
    )
    quantiles = [each.quantile for each in made if each.quantile is not None]
    return replace(
        bare,
        known_until=until if until is not None and until > first else None,
        accuracy=tally.accuracy(bare.name),
        runs=runs,
        incidents=book.incidents(bare.name),
        shortage_minutes=sums.shortage_minutes if sums.known_minutes else None,
        known_minutes=sums.known_minutes,
        accepted=1 - quantiles[-1] if quantiles else None,
        planned_usd=sums.planned_usd,
        needed_usd=sums.needed_usd,
    )


def _models(runs: Sequence[RunScore]) -> tuple[ModelSpan, ...]:
    spans: list[ModelSpan] = []
    for each in runs:
        if each.model is None:
            continue
        if spans and spans[-1].model == each.model:
            spans[-1] = replace(spans[-1], last=each.as_of, runs=spans[-1].runs + 1)
        else:
            spans.append(ModelSpan(each.model, each.as_of, each.as_of, 1))
    return tuple(spans)
