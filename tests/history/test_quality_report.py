"""The report as rows, as JSON and as a table; what the plan shows of it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from scaler.cli.quality_table import render
from scaler.errors import Refused
from scaler.history.archive import ParquetArchive
from scaler.history.folder_store import FolderStore
from scaler.history.interface import CAPPED, MISSING, OUTAGE, Finding, HistoryRefused, Panel, QualityReport
from scaler.history.panels import read_history
from scaler.history.quality_report import PLAN_GAPS, document, for_plan, rows, to_json
from tests.history.builders import CPU, NOON, STEP, RecordingSource, points, query, sources, utilisation, workload

START = NOON - timedelta(days=14)
HOUR = timedelta(hours=1)


def finding(kind: str, hour: int, hours: int = 1) -> Finding:
    """A finding so many hours after the start."""
    return Finding(kind, START + hour * HOUR, START + (hour + hours) * HOUR, f"evidence of {kind}")


def report(**changes) -> QualityReport:
    """A report of two weeks."""
    given = {
        "name": "api",
        "source": "cloudwatch AWS/X Y Sum 5m",
        "period_seconds": 300,
        "start": START,
        "end": NOON,
        "points": 4_000,
        "expected": 4_032,
        "longest_gap_seconds": 5_400,
        "age_seconds": 300,
        "findings": (finding("gap", 5), finding("outage", 20, 3), finding("gap", 50)),
        "notes": ("12 duplicate points with equal values merged",),
    }
    return QualityReport(**(given | changes))


PROBLEM = HistoryRefused("gone: no demand is known", why="it is silent", next_step="look at it")


def test_a_row_says_what_matters():
    """Points, share missing, longest gap, age, and the kinds found, most frequent first; unknown is a dash."""
    good = report(points=4_032, longest_gap_seconds=0, findings=(), name="calm")
    shown = rows({"api": report(), "calm": good}, {"gone": PROBLEM})
    assert [row.status for row in shown] == ["findings", "good", "refused"]
    api, calm, gone = shown
    assert (api.points, api.missing, api.longest_gap, api.age) == ("4000", "0.79%", "1h 30m", "5m")
    assert api.found == "2 × gap, 1 × outage"
    assert (calm.longest_gap, calm.found) == ("none", "nothing")
    assert (gone.points, gone.missing, gone.age, gone.found) == ("—", "—", "—", "gone: no demand is known")


def test_a_refused_history_keeps_its_report():
    """The report is needed most where the plan was refused: both are shown."""
    (row,) = rows({"api": report()}, {"api": PROBLEM})
    assert (row.status, row.points, row.found) == ("refused", "4000", PROBLEM.what)


def test_json_has_everything_and_no_nan():
    """All findings with their times in UTC; unknown is null."""
    nothing = report(start=None, end=None, points=0, expected=0, age_seconds=None, findings=())
    read = json.loads(to_json({"api": report(), "new": nothing}, {"gone": PROBLEM}))
    assert read == document({"api": report(), "new": nothing}, {"gone": PROBLEM})
    api, gone, new = read["workloads"]
    assert api["quality"]["findings"][1] == {
        "kind": "outage",
        "start": "2026-11-08T08:00:00Z",
        "end": "2026-11-08T11:00:00Z",
        "evidence": "evidence of outage",
    }
    assert new["quality"]["missing_fraction"] is None
    assert new["quality"]["start"] is None
    assert (gone["quality"], gone["refused"]["why"]) == (None, "it is silent")


def test_a_plan_lists_the_longest_gaps_and_everything_else():
    """Hundreds of gaps do not drown an outage."""
    gaps = [finding("gap", 2 * n, 1 + (n == 60)) for n in range(100)]
    kept = for_plan([*gaps, finding("outage", 33), finding("capped", 71)])
    assert sum(each.kind == "gap" for each in kept) == PLAN_GAPS
    assert gaps[60] in kept
    assert {"outage", "capped"} <= {each.kind for each in kept}
    assert list(kept) == sorted(kept, key=lambda each: each.start)


def test_the_table_escapes_names_and_shows_the_findings():
    """A name with markup stays a name; every finding has its line."""
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=160, no_color=True).print(render({"[red]x": report(name="[red]x")}, {"gone": PROBLEM}))
    text = out.getvalue()
    assert "[red]x: outage 2026-11-08 08:00 to 2026-11-08 11:00 UTC: evidence of outage" in text
    assert "12 duplicate points" in text
    assert "gone: no demand is known" in text


def test_read_history_reports_on_all_and_marks_the_panel(tmp_path):
    """One good, one with an outage, one refused for its gaps: each has its report; the panel carries the marks."""
    random = np.random.default_rng(1)
    base = 300 + 100 * np.cos(np.arange(14 * 288) / 288 * 2 * np.pi) + random.normal(0, 9, 14 * 288)
    broken, holes = base.copy(), base.copy()
    broken[1_500:1_560] = 0.0
    holes[:2_000][::2] = np.nan
    holes[2_000:3_500] = np.nan
    given = {name: workload(name, history={"lookback": "14d"}) for name in ("broken", "good", "holes")}
    load = {"broken": broken, "good": base, "holes": holes}
    store = {query(given[name]).series_id: points(START, values.tolist()) for name, values in load.items()}
    history = read_history(
        list(given.values()),
        as_of=NOON,
        plan_step_seconds=STEP,
        archive=ParquetArchive(FolderStore(tmp_path)),
        sources=sources(RecordingSource(store=store)),
        offline=False,
    )
    assert sorted(history.quality) == ["broken", "good", "holes"]
    assert isinstance(history.problems["holes"], Refused)
    assert history.quality["holes"].longest_gap_seconds == 1_500 * 300
    assert history.quality["good"].findings == ()
    (panel,) = history.panels
    assert panel.names == ("broken", "good")
    assert int((panel.marks[0] == OUTAGE).sum()) == 20
    assert not panel.marks[1].any()
    assert history.provenance["broken"].missing_fraction == 0
    picked = panel.select(["broken"])
    assert picked.marks.tobytes() == panel.marks[:1].tobytes()
    assert "20 steps left out as an outage" in history.provenance["broken"].notes


def test_a_group_at_full_use_and_at_its_maximum_is_capped(tmp_path):
    """Utilisation of 95 % with all 100 instances at work for an hour: demand was at least that."""
    from scaler.history.demand import build_demand
    from tests.history.builders import IN_SERVICE, known

    given = workload(**utilisation({"cloudwatch": IN_SERVICE}), history={"lookback": "14d"})
    random = np.random.default_rng(2)
    cpu = random.uniform(40, 60, 14 * 288)
    count = np.full(14 * 288, 60.0)
    cpu[1_000:1_012], count[1_000:1_012] = random.uniform(91, 96, 12), 100.0
    cpu[2_000:2_012] = 99.5
    cpu[3_000:3_012] = random.uniform(91, 96, 12)  # below the maximum, the group can still grow: no cap
    observed = {"load": known(points(START, cpu.tolist())), "instances": known(points(START, count.tolist()))}
    demand = build_demand(given, observed, as_of=NOON, plan_step_seconds=STEP)
    marked = np.flatnonzero(demand.marks & CAPPED)
    assert marked.tolist() == [*range(333, 338), *range(666, 671)]
    assert np.isfinite(demand.values).all()
    assert CPU["metric"] in demand.provenance.source


@pytest.mark.parametrize(
    ("values", "marks"), [([1.0, np.nan], [0, 0]), ([1.0, 2.0], [0, MISSING]), ([1.0, 2.0], [OUTAGE, 0])]
)
def test_marks_and_values_agree(values, marks):
    """A panel whose marks contradict its values cannot be made."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="marked"):
        Panel(("a",), start, 900, np.array([values]), np.array([marks], np.uint8))


def test_a_panel_without_marks_has_those_of_its_values():
    """NaN is missing; nothing else is marked, and nobody can change it."""
    panel = Panel(("a",), datetime(2026, 1, 1, tzinfo=UTC), 900, np.array([[1.0, np.nan]]))
    assert panel.marks.tolist() == [[0, MISSING]]
    assert not panel.marks.flags.writeable
