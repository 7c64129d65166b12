"""Reports of generated fleets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaler.report.interface import (
    Candidate,
    Chart,
    Cohort,
    Commitment,
    Cost,
    Decision,
    Line,
    Reach,
    Report,
    Spot,
    Totals,
    Verdict,
    WorkloadReport,
)
from tests.report.fleet import write_fleet

AT = datetime(2026, 11, 16, tzinfo=UTC)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The configuration of four workloads that grow."""
    return write_fleet(tmp_path, 4, days=21, growth=0.5)


def report_of(name: str) -> Report:
    """A report in which every text that comes from outside is ``name``, and all is known."""
    line = Line("demand", "history", AT, 3600, (1.5, None, 3.25))
    band = Line("p5 to p95", "band", AT, 3600, (4.0, 5.0), (1.0, 2.0))
    chart = Chart("Demand", name, AT, AT + timedelta(hours=3), (line, band), (0.0, 5.0), (AT,))
    totals = Totals(1, 1, 0, 0, 0, 7, 2, 1, 10.25, 11.5, 12.75, 1.25)
    each = WorkloadReport(
        name=name,
        kind="asg",
        target=name,
        region="us-east-1",
        tags=((name, name),),
        status="changed",
        reasons=(name,),
        checks=(name,),
        model="ets",
        quantile_percent=99.0,
        floor_lowest=3,
        floor_peak=7,
        required_peak=6,
        live_min=2,
        live_desired=4,
        max_size=20,
        headroom_percent=70.0,
        shortfall_percent=0.9,
        shortfall_units=0,
        cost=Cost(48.0, 10.25, 11.5, 12.75, 1.25, 5.75, "2026-11-01"),
        spot=Spot(45.5, None, 3, 31.5, 0.4),
        verdict=Verdict(name, AT, 1.5, 2.5, 3.5),
        candidates=(Candidate("ets", 12.5, None), Candidate("arima", None, name)),
        reach=(Reach("max size", 20, 12, 34, None, 71.5, 91),),
        reach_note=name,
        charts=(chart,),
    )
    return Report(
        as_of=AT,
        plan_id="a" * 64,
        account="123456789012",
        period="week",
        compared_to=name,
        totals=totals,
        decisions=(Decision(1, name, name, name, AT),),
        cohorts=(Cohort(name, name, totals, -3.5),),
        commitments=(Commitment(name, name, 0.25, 99.5),),
        workloads=(each,),
    )
