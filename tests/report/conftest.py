"""Reports of generated fleets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scaler.cli.main import main
from scaler.history.folder_store import FolderStore
from scaler.plan.document import WorkloadPart
from scaler.record.runs import read_recorded_plan, run_names
from scaler.report.earlier import AccuracyReport, Coverage, Drifted, FleetAccuracy, LeadAccuracy, ModelUse, Shortfall
from scaler.report.interface import (
    Candidate,
    Chart,
    Cohort,
    Commitment,
    Cost,
    Decision,
    Line,
    Moved,
    Reach,
    Report,
    Spot,
    Totals,
    Verdict,
    WorkloadReport,
)
from tests.report.fleet import AS_OF, write_busy_fleet, write_fleet

AT = datetime(2026, 11, 16, tzinfo=UTC)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The configuration of four workloads that grow."""
    return write_fleet(tmp_path, 4, days=21, growth=0.5)


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of six workloads to which much happens, with runs on record; nobody writes to it."""
    return write_busy_fleet(tmp_path_factory.mktemp("busy"))


@pytest.fixture(scope="session")
def document(busy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of the busy fleet as JSON."""
    path = tmp_path_factory.mktemp("json") / "report.json"
    arguments = ["--as-of", AS_OF, "--offline", "--quiet", "--format", "json", "--out", str(path)]
    assert main(["report", "--config", str(busy), *arguments]) == 0
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.fixture(scope="session")
def part(busy: Path) -> WorkloadPart:
    """The plan of ``web-000`` in the newest run on record."""
    store = FolderStore(busy.parent / "forecasts")
    return read_recorded_plan(store, run_names(store)[-1]).workloads[0]


def report_of(name: str) -> Report:
    """A report in which every text that comes from outside is ``name``, and all is known."""
    line = Line("demand", "history", AT, 3600, (1.5, None, 3.25))
    band = Line("p5 to p95", "band", AT, 3600, (4.0, 5.0), (1.0, 2.0))
    chart = Chart("Demand", name, AT, AT + timedelta(hours=3), (line, band), (0.0, 5.0), (AT,))
    totals = Totals(1, 1, 0, 0, 0, 7, 2, 1, 10.25, 11.5, 12.75, 1.25, 5.12, 5.75, 6.38, 0.63)
    reach = Reach(
        name, name, 20, 11, 12, 34, None, 71.5, 91, AT + timedelta(days=12), AT + timedelta(days=34), None, 2, name
    )
    lead = LeadAccuracy(name, 431, (Coverage(50.0, 52.5), Coverage(99.0, 97.5)), 3.75, 6.25)
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
        cost=Cost(48.0, 10.25, 11.5, 12.75, 1.25, 5.75, "2026-11-01", 5.12, 6.38, 0.63),
        spot=Spot(45.5, None, 3, 31.5, 0.4, 2, 13, 14, 15, 16, 17, 18, name),
        verdict=Verdict(name, AT, 1.5, 2.5, 3.5),
        candidates=(Candidate("ets", 12.5, None), Candidate("arima", None, name)),
        reach=(reach,),
        reach_note=name,
        charts=(chart,),
        demand_change_percent=-4.5,
        accuracy=AccuracyReport(
            state="bad",
            why=name,
            known_until=AT,
            runs=19,
            planned_percent=99.5,
            shortage_minutes=75.0,
            known_minutes=10080.0,
            planned_usd=81.5,
            needed_usd=72.25,
            covered_percent=99.3,
            leads=(lead,),
            drift=(Drifted(name, "inputs", name, AT, name),),
            models=(ModelUse(name, AT, AT, 21),),
            incidents=(Shortfall(name, AT, AT, 45.0, 1.75, name, name),),
            incident_count=22,
            notes=(name,),
        ),
        moved=Moved(None, name, 3, 1.75, 24.5, 8.5),
    )
    return Report(
        as_of=AT,
        plan_id="a" * 64,
        account="123456789012",
        period="week",
        compared_to=name,
        totals=totals,
        decisions=(Decision(1, name, name, name, AT, "quota", (name,)),),
        cohorts=(Cohort(name, name, totals, -3.5, name, -8.25, 9.75, 23, 24.0),),
        commitments=(Commitment(name, name, 0.25, 99.5),),
        workloads=(each,),
        change_days=7,
        reaches=((name, reach),),
        charts=(chart,),
        accuracy=FleetAccuracy(25, 26, 27, 98.5, 99.5, 76.5, 28, 82.5, 73.25, (lead,), (name,)),
        usd_per_day_change=2.25,
        to_decide=(29, 30, 31),
    )
