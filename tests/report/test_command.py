"""``scaler report`` as it is typed."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scaler.cli.main import main
from scaler.config.reader import load_config
from scaler.pipeline.verdicts import terms
from scaler.replay.interface import Interval, Reactive, Score, Verdict
from scaler.replay.verdict_document import verdict_document
from tests.report.fleet import AS_OF
from tests.report.test_formats import Seen, known_numbers, numbers_of, unknown_numbers

pytestmark = pytest.mark.xdist_group("busy fleet")


def report(config: Path, *arguments: str) -> int:
    return main(["report", "--config", str(config), "--as-of", AS_OF, "--offline", "--quiet", *arguments])


def test_it_prints_and_writes_alike_and_the_same_each_time(fleet, capsys):
    """--out gets the bytes that are printed without it, and the same inputs give them again."""
    assert report(fleet) == 0
    printed = capsys.readouterr().out
    for name in ("a.html", "b.html"):
        assert report(fleet, "--out", str(fleet.parent / name)) == 0
        assert (fleet.parent / name).read_text() == printed
    assert printed.startswith("<!doctype html>")


def test_it_writes_no_plan(fleet):
    """Neither Terraform variables nor a record: looking changes nothing."""
    assert report(fleet, "--out", str(fleet.parent / "report.html")) == 0
    assert not list(fleet.parent.rglob("*.tfvars.json"))
    assert not list(fleet.parent.rglob("record.json"))


def test_the_formats_agree_on_the_workloads(fleet, capsys):
    """JSON, CSV and Markdown name the same workloads with the same floors."""
    assert report(fleet, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert report(fleet, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert report(fleet, "--format", "markdown") == 0
    text = capsys.readouterr().out
    assert len(rows) == document["totals"]["workloads"] == 4
    for row, each in zip(rows, document["workloads"], strict=True):
        assert row["workload"] == each["name"]
        assert int(row["floor_peak"]) == each["floor_peak"]
        assert f"| {each['floor_peak']} |" in text


def test_cohorts_add_up_to_the_fleet(fleet, capsys):
    """Each tag's values share out the workloads and what they cost, to the cent of rounding."""
    assert report(fleet, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    for kind in ("team", "tier"):
        mine = [each["totals"] for each in document["cohorts"] if each["kind"] == kind]
        assert sum(each["workloads"] for each in mine) == 4
        assert sum(each["p50_usd"] for each in mine) == pytest.approx(document["totals"]["p50_usd"], abs=0.05)
    assert all(each["demand_change_percent"] > 0 for each in document["cohorts"])


def test_the_period_says_how_much_history_is_drawn(fleet, capsys):
    """A month reaches further back than a week; both end where the forecast begins."""
    starts = {}
    for period in ("week", "month"):
        assert report(fleet, "--format", "json", "--period", period) == 0
        chart = json.loads(capsys.readouterr().out)["workloads"][0]["charts"][0]
        starts[period] = chart["lines"][0]["start"]
        assert chart["lines"][1]["start"] == "2026-11-16T00:00Z"
    assert starts["week"] == "2026-11-09T00:00Z"
    assert "2026-10-17T00:00Z" <= starts["month"] <= "2026-10-26T00:00Z"


def test_a_refused_workload_is_on_the_page_with_its_reasons(fleet, capsys):
    """The others are reported; the code is that of the refusal, and the first decision names it."""
    lines = (fleet.parent / "history.csv").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("web-003") or line < "web-003,2026-11-10"]
    (fleet.parent / "history.csv").write_text("\n".join(kept) + "\n")
    assert report(fleet, "--format", "json") == 3
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["totals"]["refused"] == 1
    assert document["decisions"][0]["workload"] == "web-003"
    assert document["decisions"][0]["urgency"] == 1
    refused = next(each for each in document["workloads"] if each["name"] == "web-003")
    assert refused["reasons"]
    assert refused["floor_peak"] is None
    assert "error" in err
    assert report(fleet) == 3
    assert "web-003" in capsys.readouterr().out


def test_a_shortfall_is_a_decision(fleet, capsys):
    """Demand above limits.max is the first thing on the page."""
    fleet.write_text(
        fleet.read_text()
        .replace("max: 40}", "max: 3}")
        .replace("max_size: 40, desired_size: 4", "max_size: 3, desired_size: 3")
    )
    assert report(fleet, "--format", "json") == 3
    first = json.loads(capsys.readouterr().out)["decisions"][0]
    assert first["urgency"] == 1
    assert "limits.max 3" in first["what"]


def test_a_part_of_the_fleet_is_reported_alone(fleet, capsys):
    """--workload takes patterns."""
    assert report(fleet, "--format", "json", "--workload", "web-00[12]") == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["workloads"]] == ["web-001", "web-002"]


def test_what_moved_since_a_recorded_run(fleet, capsys):
    """--compare-to takes a recorded run; the same plan has moved by nothing, an unknown run is wrong usage."""
    assert main(["plan", "--config", str(fleet), "--as-of", AS_OF, "--offline", "--quiet"]) == 0
    run = next(fleet.parent.rglob("record.json")).parent.name
    capsys.readouterr()
    assert report(fleet, "--format", "json", "--compare-to", run) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["compared_to"]
    assert {each["moved"]["peak"] for each in document["workloads"]} == {0}
    assert report(fleet, "--compare-to", "20200101T000000Z-000000000000") == 64
    assert "no record" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_refused_first(fleet, capsys):
    """A link is not followed, and what it points at is as it was."""
    (fleet.parent / "kept.html").write_text("earlier")
    (fleet.parent / "link.html").symlink_to(fleet.parent / "kept.html")
    assert report(fleet, "--out", str(fleet.parent / "link.html")) == 78
    assert (fleet.parent / "kept.html").read_text() == "earlier"


def test_a_maximum_that_growth_will_pass_is_on_the_page(fleet, capsys):
    """Days until then with their spread, and a decision with a day before which to act."""
    fleet.write_text(fleet.read_text().replace("max: 40}", "max: 9}").replace("max_size: 40", "max_size: 9"))
    report(fleet, "--format", "json")
    document = json.loads(capsys.readouterr().out)
    found = document["workloads"][3]["reach"][0]
    assert found["bound"] == 9
    assert found["p10_days"] <= found["p50_days"]
    decision = next(each for each in document["decisions"] if each["what"].startswith("max size of 9"))
    assert decision["by"] > "2026-11-16"


def test_an_event_brings_the_day_on_which_a_limit_is_reached(fleet, capsys):
    """A sale of eight times the demand in two weeks, of one workload: its day is that of nearly every course."""
    sale = "events: [{name: sale, start: '2026-11-30T00:00', duration: 24h, multiplier: 8}]"
    head, *parts = fleet.read_text().split("    tags:")
    fleet.write_text("    tags:".join([f"{head}    {sale}\n", *parts]))
    report(fleet, "--format", "json")
    first, *others = (each["reach"][0] for each in json.loads(capsys.readouterr().out)["workloads"])
    assert (first["p10_days"], first["p50_days"], first["p90_days"]) == (15, 15, 15)
    assert first["p50_on"] == "2026-12-01T00:00Z"
    assert all(each["p10_days"] != 15 for each in others)


def test_the_verdict_of_replay_is_said_once_with_what_it_saves(fleet, capsys):
    """Of the workload that was judged, against what runs today; of the others that they were not."""
    judged = next(each for each in load_config(fleet).workloads() if each.name == "web-002")
    score = Score(0.0, 0.0, 0.0, 1.2, 0.0, 0.0, 0.0, 0.0, 1.0)
    sentence = "web-002: use scaler day-ahead; it saves 12.5% of what runs today."
    verdict = Verdict(
        "web-002", "scaler day-ahead", 0.9, 86_400, Reactive("target-tracking", 0.9), 0.005, False,
        Interval(0.125, 0.081, 0.17), True, score, (), sentence, datetime(2026, 11, 15, tzinfo=UTC),
    )  # fmt: skip
    path = fleet.parent / "forecasts" / "replay" / "web-002.json"
    path.parent.mkdir(parents=True)
    kept = {"schema_version": "1.0", "terms": terms(judged), "verdict": verdict_document(verdict), "daily": None}
    path.write_text(json.dumps(kept))
    assert report(fleet) == 0
    assert " ".join(Seen(capsys.readouterr().out).texts).count(sentence) == 1
    assert report(fleet, "--format", "json") == 0
    found = {each["name"]: each["verdict"] for each in json.loads(capsys.readouterr().out)["workloads"]}
    assert found["web-002"] == {
        "sentence": sentence,
        "judged_at": "2026-11-15T00:00Z",
        "saving_low_percent": 8.1,
        "saving_percent": 12.5,
        "saving_high_percent": 17,
    }
    assert found["web-001"] is None


def test_every_number_of_a_real_page_is_in_its_json(busy, capsys):
    """As a reader would compare them, labels included; in all formats, of a fleet that has every part."""
    texts = {}
    for name in ("html", "markdown", "csv", "json"):
        assert report(busy, "--format", name) == 0
        texts[name] = capsys.readouterr().out
    page = Seen(texts["html"])
    assert len(numbers_of(" ".join(page.texts))) > 700
    assert unknown_numbers(page, texts["json"]) == []
    known = known_numbers(texts["json"])
    for name in ("markdown", "csv"):
        assert [number for number in numbers_of(texts[name]) if number not in known] == []


def test_the_data_of_every_chart_is_in_its_json(busy, capsys):
    """What hovering shows: the lines of the page's charts are those of the JSON, value by value."""
    assert report(busy) == 0
    page = Seen(capsys.readouterr().out)
    assert report(busy, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    charts = [*document["charts"], *(chart for each in document["workloads"] for chart in each["charts"])]
    drawn = [json.loads(text) for text in page.code["script"] if text.startswith("{")]
    assert len(drawn) == len(charts) >= 21
    for mine, chart in zip(drawn, charts, strict=True):
        assert [line[3] for line in mine["lines"]] == [line["values"] for line in chart["lines"]]
        assert [line[4] for line in mine["lines"]] == [line["low"] for line in chart["lines"]]


def test_without_a_run_to_compare_to_the_one_a_period_older_is_taken(busy, capsys):
    """A week ago of the runs on record; --compare-to takes another."""
    assert report(busy, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["compared_to"].endswith("of 2026-11-09")
    runs = sorted(path.name for path in (busy.parent / "forecasts" / "records").glob("2026*"))
    assert report(busy, "--format", "json", "--compare-to", runs[-1]) == 0
    assert json.loads(capsys.readouterr().out)["compared_to"].endswith("of 2026-11-15")


def test_a_record_that_is_damaged_costs_its_part_of_the_page(busy, tmp_path, capsys):
    """The run is named as not scored; the rest of the report is as ever."""
    shutil.copytree(busy.parent, tmp_path / "copy")
    config = tmp_path / "copy" / busy.name
    newest = sorted((tmp_path / "copy" / "forecasts" / "records").glob("2026*"))[-1]
    (newest / "plan.json.gz").write_bytes(b"no plan")
    assert report(config, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert any(newest.name in line for line in document["accuracy"]["unread"])
    assert document["totals"]["workloads"] == 6
