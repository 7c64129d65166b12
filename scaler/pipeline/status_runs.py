"""Plans on record → their scores against what then happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from scaler.config import Project
from scaler.errors import ScalerError
from scaler.history.interface import History
from scaler.history.store import Store
from scaler.pipeline.fetching import plan_step_seconds
from scaler.plan.past import ScoredPlan
from scaler.record.runs import read_past_plan, written_at
from scaler.status.interface import Unread
from scaler.status.scoring import Scored, score

#: Plans that are read at most, a quarter of a second each for two hundred workloads; of more, so many evenly spread.
MOST_RUNS = 400


def score_runs(
    project: Project,
    store: Store,
    history: History,
    *,
    as_of: datetime,
    period: timedelta,
    names: Sequence[str],
    most: int = MOST_RUNS,
) -> Scored:
    """Score the recorded runs of the period before ``as_of``, and the last one before it, which was in force then.

    Args:
        history: demand up to ``as_of``, at the step of plans.
        names: workloads to report on.
        most: plans to read at most.

    Raises:
        scaler.errors.Failed: the store does not answer.
    """
    first = as_of - period
    return score(
        _plans(store, first, as_of, most),
        history.panels,
        first=first,
        plan_step_seconds=plan_step_seconds(project),
        names=names,
        units={name: provenance.unit for name, provenance in history.provenance.items()},
    )


def _plans(store: Store, first: datetime, as_of: datetime, most: int) -> Iterator[tuple[str, ScoredPlan | Unread]]:
    """The plans, oldest first; of several of one moment, the one that was written last comes last."""
    written = written_at(store)
    known = sorted((_moment(name), written[name], name) for name in written if _moment(name) <= as_of)
    before = [each for each in known if each[0] < first][-1:]
    wanted = [name for _, _, name in (*before, *(each for each in known if each[0] >= first))]
    kept = set(_spread(wanted, most))
    for name in wanted:
        if name not in kept:
            yield name, Unread(name, f"of {len(wanted)} in the period, {most} evenly spread are")
            continue
        try:
            yield name, read_past_plan(store, name)
        except ScalerError as error:
            yield name, Unread(name, f"{error.what}: {error.why}")


def _spread(names: Sequence[str], most: int) -> Sequence[str]:
    """At most so many of the names, evenly spread, with the first and the last."""
    if len(names) <= most:
        return names
    return [names[round(index * (len(names) - 1) / (most - 1))] for index in range(most)]


def _moment(run: str) -> datetime:
    """The moment that a run planned from, as its name has it."""
    return datetime.strptime(run.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
