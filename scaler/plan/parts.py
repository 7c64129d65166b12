"""Values of the earlier stages as parts of the plan document."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta

from scaler.history.quality_report import for_plan
from scaler.live.interface import LiveGroup
from scaler.mix.commitments_advice import Advice
from scaler.plan.document import (
    ActionPart,
    BacktestPart,
    CandidatePart,
    CommitmentPart,
    FindingPart,
    ForecastPart,
    HistoryPart,
    LivePart,
    PreflightPart,
    SettingPart,
)
from scaler.plan.interface import WorkloadInputs
from scaler.plan.schedule import foreign_actions

# Six digits are finer than any forecast and keep the document readable and its bytes stable.
DIGITS = 6


def history_part(inputs: WorkloadInputs) -> HistoryPart:
    """Where demand came from."""
    p = inputs.provenance
    return HistoryPart(
        source=p.source,
        start=p.start,
        end=p.end,
        step_seconds=p.step_seconds,
        points=p.points,
        missing_fraction=round(p.missing_fraction, DIGITS),
        digest=p.digest,
        unit=p.unit,
        notes=p.notes,
        quality=tuple(
            FindingPart(kind=f.kind, start=f.start, end=f.end, evidence=f.evidence) for f in for_plan(p.findings)
        ),
        hold=p.hold,
    )


def forecast_part(inputs: WorkloadInputs) -> ForecastPart:
    """The forecast with its backtest."""
    forecast, choice = inputs.forecast, inputs.choice
    values = forecast.values[inputs.row]
    times: list[datetime] = [
        forecast.cutoff + timedelta(seconds=forecast.step_seconds * i) for i in range(values.shape[0])
    ]
    return ForecastPart(
        model=choice.model,
        reason=choice.reason,
        cutoff=forecast.cutoff,
        step_seconds=forecast.step_seconds,
        quantiles=forecast.quantiles,
        times=tuple(times),
        values=tuple(tuple(float(f"{v:.{DIGITS}g}") for v in step) for step in values),
        backtest=BacktestPart(
            origins=choice.origins,
            candidates=tuple(
                CandidatePart(
                    model=score.model,
                    pinball=None if score.pinball is None else float(f"{score.pinball:.{DIGITS}g}"),
                    coverage={f"{q:g}": round(c, DIGITS) for q, c in sorted(score.coverage.items())},
                    failure=score.failure,
                )
                for score in choice.scores
            ),
        ),
        version="1",
    )


def preflight_part(inputs: WorkloadInputs) -> tuple[PreflightPart, ...]:
    """What was looked at that would stop the plan at launch."""
    return tuple(
        PreflightPart(
            check=finding.check,
            outcome=finding.grade,
            message=finding.message,
            next_step=finding.next_step,
            as_of=None if finding.as_of is None else finding.as_of.date(),
            short_units=finding.short_units,
        )
        for finding in inputs.preflight
    )


def commitment_part(advice: Advice) -> CommitmentPart:
    """One offer, and how much of it pays."""
    return CommitmentPart(**asdict(advice))


def live_part(inputs: WorkloadInputs) -> LivePart | None:
    """What runs now, or ``None`` if unknown."""
    return None if inputs.live is None else part_of_live(inputs.live)


def part_of_live(live: LiveGroup) -> LivePart:
    """A live target as the plan shows it."""
    return LivePart(
        min_size=live.min_size,
        max_size=live.max_size,
        desired_size=live.desired_size,
        foreign_actions=foreign_actions(live),
        actions=tuple(
            ActionPart(
                name=action.name,
                start=action.start,
                recurrence=action.recurrence,
                min_size=action.min_size,
                max_size=action.max_size,
                desired_size=action.desired_size,
                timezone=action.timezone,
            )
            for action in live.actions
        ),
        fingerprint=live.fingerprint,
        registered=live.registered,
        policies=live.policies,
        settings=tuple(
            SettingPart(attribute=each.attribute, value=None if each.value is None else json.loads(each.value))
            for each in live.settings
        ),
    )
