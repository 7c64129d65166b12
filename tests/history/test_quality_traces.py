"""Every real series loads, its gaps are found, and a recorded outage never becomes demand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from scaler.forecast.factory import make_forecaster
from scaler.forecast.seasonal_naive import SeasonalNaive
from scaler.forecast.select import BacktestedForecaster
from scaler.history.archive import ParquetArchive
from scaler.history.folder_store import FolderStore
from scaler.history.interface import MISSING, OUTAGE, History
from scaler.history.panels import read_history
from scaler.sources.files import FileSource
from scaler.sources.interface import InvalidPoints
from tests.history.builders import RecordingSource, sources, workload

pytestmark = [pytest.mark.traces, pytest.mark.slow]

SETS = (
    "azure_llm_2023",
    "bitbrains_rnd",
    "cloudcluster_cpu",
    "crane_dsp",
    "ms_cloud_monitoring",
    "nab",
    "nasa_http",
    "servegen_llm",
    "spot_traces",
    "worldcup98",
)
# Road sensors that report when a car passes, so that several points share a bucket: up to 60 of 2,500. In one
# series of CloudWatch the clock jumps, and two points share one.
IRREGULAR = ("realTraffic/", "realAWSCloudwatch/ec2_disk_write_bytes_1ef3de")
# What the set itself says is no demand, or what a look at the plot shows to be an outage, does not count as a
# false alarm; of the rest, this share of all steps may be flagged at most.
FALSE_ALARMS = 0.01


@dataclass(frozen=True)
class Trace:
    """A series of a set as published, and what its list says about it."""

    name: str
    resolution: int
    listed: dict[str, float]
    times: np.ndarray
    values: np.ndarray

    @property
    def period(self) -> int:
        """The shortest period that a metric may have and that the resolution fits into."""
        return max(60, self.resolution)


def show(figure: object) -> None:
    """Tell a figure; pytest shows it with ``-rP``."""
    print(figure)  # noqa: T201


def read_set(traces, name):
    """All series of a set; a missing list or a series that is not listed fails."""
    import pandas as pd

    listed = pd.read_csv(traces / name / f"{name}.series.csv").set_index("series_id")
    frame = pd.read_parquet(traces / name / f"{name}.parquet")
    assert set(frame["series_id"].unique()) == set(listed.index)
    for series, rows in frame.groupby("series_id", observed=True):
        entry = listed.loc[series]
        times = rows["timestamp"].dt.as_unit("s").astype("int64").to_numpy()
        yield Trace(str(series), int(entry["resolution_s"]), dict(entry), times, rows["value"].to_numpy(float))


def history_of(
    trace: Trace, folder, *, as_of: datetime | None = None, step: int | None = None, lookback="", nan_rows=False
) -> History:
    """The trace's history as a plan at its end (or ``as_of``) would read it from a file."""
    import pandas as pd

    keep = np.ones(trace.values.size, bool) if nan_rows else np.isfinite(trace.values)
    frame = pd.DataFrame(
        {"unique_id": "trace", "ds": pd.to_datetime(trace.times[keep], unit="s", utc=True), "y": trace.values[keep]}
    )
    frame.to_parquet(folder / "trace.parquet", index=False)
    metric = {"path": "trace.parquet", "unique_id": "trace", "statistic": "Average", "period": f"{trace.period // 60}m"}
    days = int(trace.times[-1] - trace.times[0]) // 86_400 + 2
    given = workload(
        "trace",
        load={"file": metric},
        capacity={"throughput": {"m7i.large": 100}},
        history={"lookback": lookback or f"{days}d", "max_missing": 1.0, "max_age": "7d"},
    )
    end = (int(trace.times[-1]) // trace.period + 1) * trace.period
    return read_history(
        [given],
        as_of=as_of or datetime.fromtimestamp(end, UTC),
        plan_step_seconds=step or trace.period,
        archive=ParquetArchive(FolderStore(folder / "store")),
        sources=sources(RecordingSource(), FileSource(folder)),
        offline=False,
    )


def gaps_in(trace: Trace) -> list[tuple[int, int]]:
    """Spans without a point between the first and the last, from the published times alone."""
    buckets = np.unique(trace.times[np.isfinite(trace.values)] // trace.period)
    holes = np.flatnonzero(np.diff(buckets) > 1)
    return [(int(buckets[i] + 1) * trace.period, int(buckets[i + 1]) * trace.period) for i in holes]


@pytest.mark.parametrize("name", SETS)
def test_every_series_loads_and_the_report_finds_its_gaps(traces, tmp_path, name):
    """Row 11: points, share of what is missing, and each gap with its hours agree with the list of the set.

    Times off the UTC grid fall into the bucket that they lie in and are counted in a note. Series finer than a
    minute are read by the minute. Rows whose value is NaN are no points.
    """
    loaded = 0
    for trace in read_set(traces, name):
        history = history_of(trace, tmp_path)
        assert history.problems == {}, trace.name
        report = history.quality["trace"]
        nan = int(np.isnan(trace.values).sum())
        assert 100 * nan / trace.values.size == pytest.approx(trace.listed["nan_pct"], abs=0.01)
        if trace.resolution >= 60 and not trace.name.startswith(IRREGULAR):
            assert report.points == trace.listed["n"] - nan, trace.name
            assert report.expected == trace.listed["n_expected"], trace.name
            known = 100 * (1 - (trace.listed["n"] - nan) / trace.listed["n_expected"])
            assert 100 * report.missing_fraction == pytest.approx(known, abs=0.01)
        assert report.points == np.unique(trace.times[np.isfinite(trace.values)] // trace.period).size
        tolerance = 1.0 if trace.name.startswith(IRREGULAR) else 0.01
        missing = 100 * (report.missing_fraction - nan / report.expected)
        assert missing == pytest.approx(trace.listed["missing_pct"], abs=tolerance), trace.name
        found = [(int(f.start.timestamp()), int(f.end.timestamp())) for f in report.findings if f.kind == "gap"]
        assert found == gaps_in(trace), trace.name
        assert report.longest_gap_seconds == max((end - start for start, end in found), default=0)
        (panel,) = history.panels
        assert int(np.isfinite(panel.values).sum() + (panel.marks & OUTAGE > 0).sum()) == report.points
        assert np.array_equal(np.isnan(panel.values), panel.marks & (MISSING | OUTAGE) > 0)
        off_grid = any("off the grid" in note for note in report.notes)
        assert off_grid == bool((trace.times % trace.period != 0).any())
        loaded += 1
    show(f"{name}: {loaded} series load, their gaps are found")


def test_a_value_that_is_nan_is_refused_and_said_so(traces, tmp_path):
    """Row 14: three of the published series hold NaN; as they are, they are refused with code 3."""
    refused = [trace for trace in read_set(traces, "ms_cloud_monitoring") if np.isnan(trace.values).any()]
    assert len(refused) == 3
    for trace in refused:
        problem = history_of(trace, tmp_path, nan_rows=True).problems["trace"]
        assert isinstance(problem, InvalidPoints)
        assert problem.exit_code == 3


def test_alarms_are_few_over_all_series(traces, tmp_path):
    """Outages and ceilings flagged over all series are few; each is printed to be looked at."""
    steps = outage_steps = capped_steps = series = alarmed = 0
    for name in SETS:
        for trace in read_set(traces, name):
            history = history_of(trace, tmp_path)
            (panel,) = history.panels
            series += 1
            steps += int(np.isfinite(panel.values).sum())
            found = [f for f in history.quality["trace"].findings if f.kind in ("outage", "capped")]
            alarmed += bool(found)
            for each in found:
                show(f"{trace.name}: {each.kind} {each.start:%m-%d %H:%M} to {each.end:%m-%d %H:%M}, {each.evidence}")
            if not trace.name.startswith("nasa"):
                outage_steps += int((panel.marks & OUTAGE > 0).sum())
                capped_steps += int(panel.capped.sum())
    show(f"{series} series, {steps} steps: {alarmed} series with an outage or a ceiling")
    show(f"without NASA {outage_steps} steps ({outage_steps / steps:.3%}) are outages, {capped_steps} capped")
    assert series == 171
    assert outage_steps <= FALSE_ALARMS * steps
    assert capped_steps <= FALSE_ALARMS * steps
    assert alarmed <= 0.1 * series


def nasa(traces, resolution: int) -> Trace:
    """The web server that a hurricane shut down, as published."""
    return next(trace for trace in read_set(traces, "nasa_http") if trace.resolution == resolution)


# Published with the set: 1 August 14:52 to 3 August 04:36, Florida's summer time.
RECORDED = (datetime(1995, 8, 1, 18, 52, tzinfo=UTC), datetime(1995, 8, 3, 8, 36, tzinfo=UTC))


@pytest.mark.parametrize("resolution", [60, 300])
def test_the_recorded_outage_is_flagged_with_its_hours(traces, tmp_path, resolution):
    """Row 12: every step of the recorded outage is marked and NaN; what is flagged begins within ten minutes of it."""
    history = history_of(nasa(traces, resolution), tmp_path)
    (panel,) = history.panels
    times = panel.times()
    during = (times >= RECORDED[0].timestamp()) & (times + resolution <= RECORDED[1].timestamp())
    assert (panel.marks[0, during] == OUTAGE).all()
    assert np.isnan(panel.values[0, during]).all()
    outages = [f for f in history.quality["trace"].findings if f.kind == "outage"]
    hurricane = next(f for f in outages if f.start <= RECORDED[0] < f.end)
    assert RECORDED[0] - hurricane.start <= timedelta(minutes=10)
    # The server came back empty: demand was near zero for some hours more, and is not taken for demand either.
    assert RECORDED[1] <= hurricane.end <= RECORDED[1] + timedelta(hours=8)
    assert any(note.endswith("left out as an outage") for note in history.provenance["trace"].notes)
    show([f"{f.start:%m-%d %H:%M} to {f.end:%m-%d %H:%M}: {f.evidence}" for f in outages])


FORECASTERS = {"baseline": lambda: BacktestedForecaster(SeasonalNaive(), ()), "default": make_forecaster}


def forecast_of(history: History, hours: int, forecaster: str):
    """Quantiles of the hours after the history, shape ``(hours, 3)``."""
    (panel,) = history.panels
    made = FORECASTERS[forecaster]().forecast(
        panel, horizon_steps=hours, quantiles=(0.05, 0.5, 0.95), timezones=("America/New_York",), models=("auto",)
    )
    return made.values[0]


@pytest.mark.parametrize("forecaster", FORECASTERS)
def test_while_it_lasts_the_forecast_is_that_of_a_working_server(traces, tmp_path, forecaster):
    """Row 12: in the midst of the outage nothing may be scaled in, and demand is forecast as before it."""
    trace = nasa(traces, 300)
    during = history_of(trace, tmp_path, as_of=datetime(1995, 8, 2, 16, tzinfo=UTC), step=3600, lookback="28d")
    hold = during.provenance["trace"].hold
    assert hold is not None
    assert "outage since 1995-08-01T18:" in hold
    median = forecast_of(during, 48, forecaster)[:, 1]
    usual = np.nanmean(during.panels[0].values)
    show(f"{forecaster}: usual {usual:.0f}, forecast {median.min():.0f} to {median.max():.0f}")
    assert median.min() > 0.2 * usual
    assert 0.6 * usual < median.mean() < 1.5 * usual


@pytest.mark.parametrize("forecaster", FORECASTERS)
@pytest.mark.parametrize("day", [4, 5, 8, 9, 10])
def test_no_later_forecast_shows_a_trace_of_it(traces, tmp_path, day, forecaster):
    """Demand of the following days, and of the week after, is nowhere near zero, and nothing is held any more."""
    trace = nasa(traces, 300)
    after = history_of(trace, tmp_path, as_of=datetime(1995, 8, day, tzinfo=UTC), step=3600, lookback="28d")
    assert after.provenance["trace"].hold is None
    median = forecast_of(after, 48, forecaster)[:, 1]
    usual = np.nanmean(after.panels[0].values)
    show(f"{forecaster}: usual {usual:.0f}, forecast {median.min():.0f} to {median.max():.0f}")
    assert median.min() > 0.2 * usual
