"""AWS's own forecast beside the floors that were planned, over the same hours."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from scaler.config import Workload
from scaler.errors import ScalerError
from scaler.history.spans import epoch
from scaler.live.predictive import LONGEST_SPAN, AwsForecast, read_aws_forecast
from scaler.pipeline.runtime import Runtime
from scaler.status.board import Board
from scaler.status.interface import AwsBeside

_HOUR = 3_600


def aws_beside(
    workload: Workload, board: Board | None, runtime: Runtime, *, first: datetime, as_of: datetime
) -> AwsBeside | str:
    """Both over the hours that are known, or why not, in one line."""
    if workload.target.kind != "asg":
        return "AWS has no predictive forecast for this kind of target: it forecasts Auto Scaling groups"
    if board is None:
        return "AWS's forecast was not asked for: demand is not known"
    runtime.progress(f"asking AWS for its forecast of {workload.name}")
    start = max(first, as_of - LONGEST_SPAN)
    try:
        forecast = read_aws_forecast(runtime.aws, workload.region, workload.target.name, start=start, end=as_of)
    except ScalerError as error:
        return f"{error.what}: {error.why}"
    found = compared(forecast, board, board.row[workload.name], start=start)
    return found or "AWS's forecast and the planned floors have no hour in common"


def compared(forecast: AwsForecast, board: Board, row: int, *, start: datetime) -> AwsBeside | None:
    """Both against the units that demand needed, over the hours that all three are known of; ``None`` without any."""
    steps = _HOUR // board.step_seconds
    if not steps or (_HOUR % board.step_seconds):
        return None
    demand = np.repeat(board.panel.values[row], board.repeat)
    floor, unit = board.floor[row].astype(float), board.unit_demand[row].astype(float)
    needed = np.ceil(demand / unit - 1e-6)
    theirs, ours, need = [], [], []
    for time, capacity in zip(forecast.times, forecast.capacity, strict=True):
        at = (epoch(time) - board.start) // board.step_seconds
        span = slice(at, at + steps)
        known = at >= 0 and at + steps <= floor.size and time >= start
        if known and np.isfinite(needed[span]).all() and np.isfinite(floor[span]).all():
            theirs.append(np.full(steps, capacity))
            ours.append(floor[span])
            need.append(needed[span])
    if not need:
        return None
    aws, own, most = np.array(theirs), np.array(ours), np.array(need)
    minutes = board.step_seconds / 60
    return AwsBeside(
        policy=forecast.policy,
        hours=len(need),
        aws_error_units=float(np.abs(aws.max(axis=1) - most.max(axis=1)).mean()),
        our_error_units=float(np.abs(own.max(axis=1) - most.max(axis=1)).mean()),
        aws_short_minutes=float((most > aws).sum() * minutes),
        our_short_minutes=float((most > own).sum() * minutes),
    )
