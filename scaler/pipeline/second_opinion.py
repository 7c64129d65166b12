"""AWS's predictive forecast of a group, replayed beside scaler's plan over the same hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scaler.errors import ScalerError, UsageError
from scaler.live.predictive import AwsForecast, read_aws_forecast
from scaler.pipeline.replaying import Judged
from scaler.pipeline.runtime import Runtime
from scaler.replay.aws_forecast import AwsFloor, hourly_error
from scaler.replay.interface import Policy, Score, Setting
from scaler.replay.run import PolicyRun, replay
from scaler.replay.today import TODAY
from scaler.replay.tuning import half_to_half

AWS_POLICY = "AWS predictive scaling + today's policy"
#: AWS forecasts for at most 30 days of the past; so long is the window.
WINDOW = timedelta(days=30)


@dataclass(frozen=True)
class Opinion:
    """Both on the same days.

    Attributes:
        policy: name of AWS's policy.
        start, end: of the window.
        hours: that were compared.
        mean_absolute_error_units, mean_error_units: AWS's capacity against the highest need of each hour.
        aws, ours: as floors above what runs today, replayed; ``ours`` is the best of scaler's policies.
        sentence: the one that people read.
    """

    policy: str
    start: str
    end: str
    hours: int
    mean_absolute_error_units: float
    mean_error_units: float
    ours_policy: str
    aws: Score
    ours: Score
    sentence: str


def second_opinions(
    judged: Mapping[str, Judged], runtime: Runtime, *, as_of: datetime
) -> dict[str, Opinion | ScalerError]:
    """By workload, AWS's forecast scored beside scaler's, or why it could not be."""
    found: dict[str, Opinion | ScalerError] = {}
    for name, each in judged.items():
        runtime.progress(f"asking AWS for its forecast of {name}")
        try:
            found[name] = _opinion(each, runtime, as_of)
        except ScalerError as error:
            found[name] = error
    return found


def _opinion(judged: Judged, runtime: Runtime, as_of: datetime) -> Opinion:
    workload = judged.past.workload
    if workload.target.kind != "asg":
        raise UsageError(
            f"{workload.name}: AWS has no predictive forecast for its target",
            why="predictive scaling forecasts Auto Scaling groups",
            next_step="name the groups with --workload",
        )
    forecast = read_aws_forecast(runtime.aws, workload.region, workload.target.name, start=as_of - WINDOW, end=as_of)
    return score_beside(judged, forecast)


def score_beside(judged: Judged, forecast: AwsForecast) -> Opinion:
    """Both policies over the days of the replay for which AWS has a forecast.

    Raises:
        ReplayRefused: they have fewer than 4 days in common.
    """
    made = judged.replay
    start = max(made.first, _minute(forecast.times[0], made.trace.start))
    end = min(made.trace.demand.size, _minute(forecast.times[-1], made.trace.start) + 60)
    trace = replace(made.trace, demand=made.trace.demand[: max(end, start)])
    ours = _ours(judged)
    today = made.runs[TODAY].policy.settings[0].reactive
    floor = AwsFloor(forecast.times, forecast.capacity)
    theirs = Policy(AWS_POLICY, (Setting(today, 1.0),), floor)
    both = replay(trace, [theirs, ours], made.conditions, first=start)
    errors = hourly_error(forecast.times, forecast.capacity, trace, first=start)
    aws, mine = (_score(both.runs[name]) for name in (AWS_POLICY, ours.name))
    absolute, signed, hours = errors if errors is not None else (float("nan"), float("nan"), 0)
    first = made.trace.start + timedelta(minutes=start)
    last = made.trace.start + timedelta(minutes=trace.demand.size)
    return Opinion(
        policy=forecast.policy,
        start=first.isoformat(),
        end=last.isoformat(),
        hours=hours,
        mean_absolute_error_units=absolute,
        mean_error_units=signed,
        ours_policy=ours.name,
        aws=aws,
        ours=mine,
        sentence=(
            f"AWS's own forecast (policy {forecast.policy}, {hours} hours): off by {absolute:.2f} units "
            f"({signed:+.2f} on average); as a floor {aws.cost_ratio:.2f}× at {aws.violations:.2%} violation minutes, "
            f"{ours.name} {mine.cost_ratio:.2f}× at {mine.violations:.2%} over the same days"
        ),
    )


def _ours(judged: Judged) -> Policy:
    """The best of scaler's policies at the setting that its first half chooses."""
    made = judged.replay
    budget = judged.verdict.budget if judged.verdict is not None else judged.past.workload.replay.budget
    own = [run for name, run in made.runs.items() if name.startswith("scaler")]
    runs = [run for run in own if not _on_pods(run)] or own or [made.runs[TODAY]]
    chosen = [(half_to_half(run, budget), run) for run in runs]
    # The second half only judges: who is best is a question for the first.
    best, run = min(
        chosen, key=lambda pair: (not pair[0].within, float(pair[1].ledger.halves()[0].cost()[pair[0].row]))
    )
    return Policy(run.policy.name, (best.point.setting,), run.policy.floor)


def _on_pods(run: PolicyRun) -> bool:
    return any(setting.reactive.kind == "hpa" for setting in run.policy.settings)


def _minute(time: datetime, start: datetime) -> int:
    return round((time - start).total_seconds() / 60)


def _score(run: PolicyRun) -> Score:
    return run.ledger.scores()[0]
