"""``scaler forecast``: what it prints, draws and keeps, and with which code it ends."""

from __future__ import annotations

import csv
import io
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from scaler.cli.main import main
from scaler.forecast.informed import InformedForecaster
from scaler.forecast.records import read_records
from scaler.history.folder_store import FolderStore
from tests.forecast.test_informed import _Times

Captured = pytest.CaptureFixture[str]
AS_OF = "2026-10-05T00:00Z"

CONFIG = """\
version: 1
defaults:
  horizon: 24h
  history: {lookback: 28d}
plan: {step: 1h}
workloads:
  web:
    target: {asg: web}
    load: {file: {path: history.csv, statistic: Average, period: 1h}}
    capacity: {throughput: {m7i.large: 100}}
    limits: {min: 1, max: 500}
    live: {min_size: 2, max_size: 500, desired_size: 4}
"""


def _rows(names=("web",), hours=28 * 24, seed=0) -> str:
    rng = np.random.default_rng(seed)
    times = pd.date_range("2026-09-07", periods=hours, freq="h", tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = ["unique_id,ds,y"]
    for name in names:
        wave = 300 + 120 * np.sin(2 * np.pi * np.arange(hours) / 24) + 10 * rng.standard_normal(hours)
        lines += [f"{name},{time},{value:.3f}" for time, value in zip(times, wave, strict=True)]
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "history.csv").write_text(_rows())
    (tmp_path / "scaler.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str) -> int:
    return main(["forecast", "--quiet", *arguments])


def _config(more: str, *, to: str = "web") -> None:
    text = CONFIG.replace(f"  {to}:\n", f"  {to}:\n    {more}\n")
    Path("scaler.yaml").write_text(text)


def _three_lines(err: str, code: int, said: str) -> None:
    lines = err.strip().splitlines()
    assert len(lines) == 3, err
    assert lines[0].startswith("error: ")
    assert said in err
    assert code in (1, 3, 64, 78)


def test_a_file_becomes_rows_of_the_field(capsys: Captured) -> None:
    """--input with --format csv: unique_id, ds, cutoff and a column per quantile, and nothing else on stdout."""
    assert _run("--input", "history.csv", "--horizon", "6h", "--quantiles", "0.5,0.99", "--format", "csv") == 0
    out, err = capsys.readouterr()
    assert err == ""
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["unique_id", "ds", "cutoff", "q0.5", "q0.99"]
    assert len(rows) == 7
    assert rows[1][:3] == ["web", "2026-10-05T00:00:00Z", "2026-10-05T00:00:00Z"]
    assert 0 < float(rows[1][3]) < float(rows[1][4])


def test_stdin_is_a_file_too(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """--input - reads CSV from a pipe, and gives what the file gives."""
    assert _run("--input", "history.csv", "--horizon", "6h", "--format", "csv") == 0
    from_file = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(_rows().encode())))
    assert _run("--input", "-", "--horizon", "6h", "--format", "csv") == 0
    assert capsys.readouterr().out == from_file


def test_a_configuration_is_forecast_explained_and_recorded(capsys: Captured) -> None:
    """--explain: candidates, scores in field terms, coverage by lead time; the record names model, window and input."""
    assert _run("--as-of", AS_OF, "--explain", "--format", "json") == 0
    (entry,) = json.loads(capsys.readouterr().out)["forecasts"]
    assert (entry["unique_id"], entry["model"], entry["degraded"]) == ("web", "panel", False)
    assert len(entry["times"]) == len(entry["values"]) >= 24
    evaluation = entry["evaluation"]
    assert evaluation["origins"] >= 3
    assert 0 < evaluation["mase"] < 1.2
    assert 0 < evaluation["wql"] < 0.1
    assert [lead["lead"] for lead in evaluation["by_lead"]] == ["0-6 h", "6-24 h", "beyond 24 h"]
    assert 0.7 < evaluation["coverage"]["0.9"] <= 1
    assert any(candidate["model"] == "week" for candidate in entry["candidates"])
    (record,) = read_records(FolderStore(Path("forecasts").absolute()), "web")
    assert (record.model, record.training_start, record.cutoff) == (
        "panel",
        "2026-09-07T00:00:00+00:00",
        "2026-10-05T00:00:00+00:00",
    )
    assert len(record.input_digest) == 64


def test_the_table_says_why(capsys: Captured) -> None:
    """A person reads the model, the next and the highest demand, the reason and what it would have been worth."""
    assert _run("--as-of", AS_OF, "--explain") == 0
    out = capsys.readouterr().out
    for word in ("web", "panel", "pinball", "MASE", "wQL", "coverage", "lead 0-6 h"):
        assert word in out, word


def test_the_same_run_leaves_one_record_and_another_model_is_a_new_champion() -> None:
    """Records by cutoff; who was replaced, and since when the champion is one."""
    store = FolderStore(Path("forecasts").absolute())
    assert _run("--as-of", "2026-10-03T00:00Z") == 0
    assert _run("--as-of", "2026-10-03T00:00Z") == 0
    assert _run("--as-of", "2026-10-04T00:00Z") == 0
    _config("forecast: {model: seasonal_naive}")
    assert _run("--as-of", AS_OF) == 0
    records = read_records(store, "web")
    assert [(record.model, record.champion_since[:10], record.replaced) for record in records] == [
        ("panel", "2026-10-03", None),
        ("panel", "2026-10-03", None),
        ("seasonal_naive", "2026-10-05", "panel"),
    ]
    assert len({record.input_digest for record in records}) == 3
    Path("forecasts/models/web.json").write_text("{")
    assert read_records(store, "web") == ()


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_the_chart_is_a_picture_without_scripts(ending: str, capsys: Captured) -> None:
    """Well-formed, names escaped, nothing loaded from anywhere."""
    name = "<script>alert(1)</script>"
    Path("odd.csv").write_text(_rows((name, "web")))
    assert _run("--input", "odd.csv", "--chart", f"out.{ending}", "--format", "json") == 0
    capsys.readouterr()
    text = Path(f"out.{ending}").read_text()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")
    if ending == "svg":
        root = ElementTree.fromstring(text)  # noqa: S314 - our own
        assert len(root.findall("{*}g")) == 2
    else:
        assert "Content-Security-Policy" in text


def test_a_chart_that_cannot_be_drawn_is_refused_before_anything_is_read(capsys: Captured) -> None:
    """A wrong ending is wrong usage: 64 and three lines."""
    assert _run("--input", "nowhere.csv", "--chart", "out.png") == 64
    _three_lines(capsys.readouterr().err, 64, ".svg")


def test_formulas_in_names_are_neutralised(capsys: Captured) -> None:
    """A name that a spreadsheet would run is text."""
    Path("odd.csv").write_text(_rows(("=1+1",)))
    assert _run("--input", "odd.csv", "--horizon", "2h", "--format", "csv") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("'=1+1,")


def test_what_if_changes_the_forecast_and_leaves_no_record(capsys: Captured) -> None:
    """--event: the quantiles of its hours are multiplied; nothing is kept."""
    assert _run("--as-of", AS_OF, "--event", "sale,2026-10-05T06:00,2h,x3", "--format", "json") == 0
    (made,) = json.loads(capsys.readouterr().out)["forecasts"]
    assert "event sale ×3" in made["reason"]
    assert not Path("forecasts/models").exists()
    assert _run("--as-of", AS_OF, "--format", "json") == 0
    (plain,) = json.loads(capsys.readouterr().out)["forecasts"]
    middle = made["quantiles"].index(0.5)
    assert made["values"][6][middle] == pytest.approx(3 * plain["values"][6][middle], rel=1e-6)
    assert made["values"][5] == plain["values"][5]


@pytest.mark.parametrize("text", ["sale", "sale,soon,2h,x2", "sale,2026-10-05,2h,2", "sale,2026-10-05,2h,x0"])
def test_a_wrong_event_is_wrong_usage(text: str, capsys: Captured) -> None:
    """64, three lines, and how it is written."""
    assert _run("--event", text) == 64
    _three_lines(capsys.readouterr().err, 64, "--event")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda t: t.replace("\nweb,2026-09-08T03:00:00Z,", "\nweb,2026-09-08T03:00:00Z,inf#", 1), 3, "y is nan"),
        (lambda t: t.replace("\nweb,2026-09-08T03:00:00Z,", "\nweb,2026-09-08T03:00:00Z,-", 1), 3, "y is -"),
        (lambda t: t.replace("\nweb,2026-09-08T03:00:00Z,", "\nweb,2026-09-08T03:00:00Z,x", 1), 3, "y is nan"),
        (lambda t: t + "web,2026-09-08T03:00:00Z,7\n", 3, "two values"),
        (lambda t: t.replace("unique_id", "id", 1), 78, "no column unique_id"),
        (lambda t: t.replace("T03:00:00Z", "T03:00:00", 1), 78, "no zone"),
        (lambda t: "", 78, "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_in_three_lines(change, code: int, said: str, capsys: Captured) -> None:
    """NaN, negative, conflicting, naive, without a column, empty: the code of the catalogue, nothing on stdout."""
    Path("bad.csv").write_text(change(_rows()))
    assert _run("--input", "bad.csv", "--format", "csv") == code
    out, err = capsys.readouterr()
    assert out == ""
    _three_lines(err, code, said)


def test_strict_tells_a_fallback(capsys: Captured) -> None:
    """A history shorter than two seasons: 0, or 4 with --strict, and the model says that it is a fallback."""
    Path("short.csv").write_text(_rows(hours=30))
    assert _run("--input", "short.csv") == 0
    assert "(fallback)" in capsys.readouterr().out
    assert _run("--input", "short.csv", "--strict") == 4


def test_a_model_that_is_not_installed_is_named_and_replaced(capsys: Captured) -> None:
    """An optional package that is missing: the engine stands in, the extra is named; 4 with --strict."""
    assert find_spec("statsforecast") is None, "statsforecast, which no [dev] environment has, is installed here"
    assert _run("--input", "history.csv", "--model", "mstl_arima", "--strict", "--format", "json") == 4
    (made,) = json.loads(capsys.readouterr().out)["forecasts"]
    assert made["model"] == "panel"
    assert "statsforecast is not installed: install scaler[statsforecast]" in made["reason"]


def test_an_unknown_model_is_refused(capsys: Captured) -> None:
    """A name that no model has: 3, with those there are."""
    assert _run("--input", "history.csv", "--model", "crystal_ball") == 3
    assert "there is no model" in capsys.readouterr().err


def _wild(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine forecast twelve times the peak, as nothing here does by itself."""

    def make(*, knowledge=None, **_):
        return InformedForecaster(_Times(12), _Times(12), knowledge)

    monkeypatch.setattr("scaler.pipeline.forecasting.make_forecaster", make)


@pytest.mark.parametrize("command", ["forecast", "plan"])
def test_a_forecast_beyond_the_bound_is_refused_until_it_is_accepted_by_name(
    command: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve times the peak: 3 with the bound shown; --accept web:extreme accepts this one."""
    _wild(monkeypatch)
    assert main([command, "--quiet", "--as-of", AS_OF, "--format", "json"]) == 3
    err = capsys.readouterr().err
    _three_lines(err, 3, "beyond the bound of")
    assert "--accept web:extreme" in err
    assert main([command, "--quiet", "--as-of", AS_OF, "--format", "json", "--accept", "web:extreme"]) == 0
    assert "accepted by name" in capsys.readouterr().out


def test_events_holidays_and_calendars_of_the_configuration_count(capsys: Captured) -> None:
    """What is configured is in the reason: an event of the workload, a calendar file, a public holiday."""
    Path("ops.ics").write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:load test\r\n"
        "DTSTART:20261005T100000Z\r\nDTEND:20261005T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    text = CONFIG.replace("  horizon: 24h\n", "  horizon: 24h\n  holidays: {country: DE, subdivision: BE}\n")
    Path("scaler.yaml").write_text(
        text.replace(
            "  web:\n",
            "  web:\n    calendar: {file: ops.ics, multiplier: 4}\n"
            "    events:\n      - {name: sale, start: 2026-10-03T05:00, duration: 2h, multiplier: 2, every: week}\n",
        )
    )
    assert _run("--as-of", "2026-10-03T00:00Z", "--format", "json") == 0  # 3 October is a holiday in Germany
    (made,) = json.loads(capsys.readouterr().out)["forecasts"]
    assert "event sale ×2" in made["reason"]
    assert "holiday German Unity Day as a Sunday" in made["reason"]
    assert _run("--as-of", AS_OF, "--format", "json") == 0
    (made,) = json.loads(capsys.readouterr().out)["forecasts"]
    assert "event load test ×4" in made["reason"]
    assert "holiday" not in made["reason"]


def test_an_unreadable_calendar_is_a_mistake_of_the_configuration(capsys: Captured) -> None:
    """78 and three lines: an event that cannot be read is not an event that does not happen."""
    _config("calendar: {file: nowhere.ics}")
    assert _run("--as-of", AS_OF) == 78
    _three_lines(capsys.readouterr().err, 78, "nowhere.ics")


def test_a_predecessor_is_joined(capsys: Captured) -> None:
    """Blue has run for four weeks and green for a day: green is forecast from both, as one history."""
    history = _rows(("blue",), hours=27 * 24) + "".join(
        line + "\n" for line in _rows(("green",)).splitlines()[1 + 27 * 24 :]
    )
    Path("history.csv").write_text(history)
    Path("scaler.yaml").write_text(CONFIG.replace("  web:\n", "  green:\n    predecessor: blue\n"))
    assert _run("--as-of", AS_OF, "--format", "json") == 0
    (joined,) = json.loads(capsys.readouterr().out)["forecasts"]
    assert (joined["unique_id"], joined["model"], joined["degraded"]) == ("green", "panel", False)
    Path("scaler.yaml").write_text(CONFIG.replace("  web:\n", "  green:\n"))
    assert _run("--as-of", AS_OF, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["forecasts"][0]["degraded"]


def test_a_workload_is_like_another_even_if_only_it_is_asked_for(capsys: Captured) -> None:
    """like: reads the other one's history beside; it is not forecast itself."""
    young = "".join(line + "\n" for line in _rows(("young",)).splitlines()[1 + 27 * 24 :])
    Path("history.csv").write_text(_rows(("web",)) + young)
    block = CONFIG[CONFIG.index("  web:\n") :].replace("  web:\n", "  young:\n    like: web\n")
    Path("scaler.yaml").write_text(CONFIG + block)
    assert _run("--as-of", AS_OF, "--format", "json", "--workload", "young") == 0
    (made,) = json.loads(capsys.readouterr().out)["forecasts"]
    assert made["unique_id"] == "young"
    assert "the shape of web" in made["reason"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("like: nobody", "must be another workload"),
        ("like: web", "must be another workload"),
        ("events: [{name: sale, start: soon, duration: 2h, multiplier: 2}]", "must be a time"),
        ("events: [{name: sale, start: 2026-10-05, duration: 2h}]", "exactly one of multiplier, floor, regressor"),
        ("events: [{name: sale, start: 2026-10-05, duration: 2h, multiplyer: 2}]", "multiplier"),
        ("forecast: {model: pretrained}", "must name the folder"),
        ("holidays: {country: Germany}", "ISO 3166"),
    ],
)
def test_a_mistake_is_named_with_its_line(more: str, said: str, capsys: Captured) -> None:
    """78 with file and line, before anything is read."""
    _config(more)
    assert _run("--as-of", AS_OF) == 78
    err = capsys.readouterr().err
    assert said in err
    assert "scaler.yaml:8" in err or "scaler.yaml:7" in err
