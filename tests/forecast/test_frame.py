"""``scaler.forecast`` on any frame: what comes in is checked, what comes out is in the field's form."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scaler
from scaler.errors import ConfigurationError, Refused, UsageError
from scaler.forecast.door import InvalidFrame, UntrustworthySeries

START = pd.Timestamp("2026-09-07", tz="UTC")
QUANTILES = (0.1, 0.5, 0.9, 0.99)


def _wave(hours: int, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    step = np.arange(hours)
    return np.maximum(300 + 120 * np.sin(2 * np.pi * step / 24 + seed) + 10 * rng.standard_normal(hours), 1.0)


def _frame(hours: int = 21 * 24, *, names=("web",), start=START, freq="h") -> pd.DataFrame:
    times = pd.date_range(start, periods=hours, freq=freq)
    return pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": times, "y": _wave(hours, seed=n)}) for n, name in enumerate(names)],
        ignore_index=True,
    )


def _ask(frame: pd.DataFrame, **given) -> pd.DataFrame:
    return scaler.forecast(frame, **{"horizon": "24h", "quantiles": QUANTILES, **given})


def _numbers(made: pd.DataFrame) -> np.ndarray:
    return made[[f"q{q:g}" for q in QUANTILES]].to_numpy()


def test_the_public_names_are_sorted_and_exist():
    """What __all__ lists can be had, and nothing is listed that is not there."""
    assert scaler.__all__ == sorted(scaler.__all__)
    for name in scaler.__all__:
        assert callable(getattr(scaler, name)), name
    assert {"load_config", "fetch", "forecast", "make_plan"} <= set(scaler.__all__)
    assert set(scaler.__all__) <= set(dir(scaler))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        scaler.nonsense  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    """``import scaler`` is free, the function can be called before and after its package is imported."""
    code = (
        "import sys, scaler; heavy = {'numpy','pandas','pydantic','boto3','scipy'} & set(sys.modules); "
        "assert not heavy, heavy; assert callable(scaler.forecast); import scaler.forecast.interface; "
        "assert callable(scaler.forecast)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_forecast_has_the_columns_of_the_field():
    """unique_id, ds, cutoff, one column per quantile; ascending, finite, not negative; why stands beside it."""
    made = _ask(_frame(names=("web", "api")))
    assert list(made.columns) == ["unique_id", "ds", "cutoff", "q0.1", "q0.5", "q0.9", "q0.99"]
    assert made["unique_id"].tolist() == ["api"] * 24 + ["web"] * 24
    cutoff = START + timedelta(days=21)
    assert (made["cutoff"] == cutoff).all()
    assert made["ds"][:24].tolist() == pd.date_range(cutoff, periods=24, freq="h").tolist()
    values = _numbers(made)
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(values, axis=1) >= 0).all()
    assert made.attrs["choices"]["web"]["model"] == "panel"


def test_rows_in_any_order_and_equal_doubles_change_nothing():
    """Shuffled rows, and rows that stand twice: the same bytes."""
    frame = _frame(names=("web", "api", "jobs"))
    made = _numbers(_ask(frame))
    shuffled = pd.concat([frame, frame.sample(50, random_state=1)]).sample(frac=1.0, random_state=2)
    assert np.array_equal(_numbers(_ask(shuffled)), made)


def test_names_and_an_idle_series_mean_nothing():
    """Other names in another order, and a series of zeros beside: every series has the forecast it had."""
    made = _ask(_frame(names=("a", "b", "c")))
    other = _frame(names=("z", "y", "x"))
    idle = other[other["unique_id"] == "z"].assign(unique_id="idle", y=0.0)
    turned = _ask(pd.concat([idle, other]))
    for old, new in zip("abc", "zyx", strict=True):
        before, after = made[made["unique_id"] == old], turned[turned["unique_id"] == new]
        assert np.allclose(_numbers(after), _numbers(before), rtol=1e-9)
    assert (_numbers(turned[turned["unique_id"] == "idle"]) == 0).all()


@pytest.mark.parametrize("hours", [30, 21 * 24])
@pytest.mark.parametrize("factor", [1e-3, 1e5])
def test_other_units_give_the_forecast_in_these_units(hours, factor):
    """Scaling a series scales its quantiles, young or old."""
    frame = _frame(names=("a", "b", "c", "d", "e", "f"))
    young = frame[(frame["unique_id"] != "a") | (frame["ds"] >= frame["ds"].max() - pd.Timedelta(hours=hours - 1))]
    scaled = young.assign(y=np.where(young["unique_id"] == "a", factor * young["y"], young["y"]))
    made, other = _ask(young), _ask(scaled)
    mine = made["unique_id"] == "a"
    assert np.allclose(_numbers(other[mine]), factor * _numbers(made[mine]), rtol=1e-6)
    assert np.allclose(_numbers(other[~mine]), _numbers(made[~mine]), rtol=1e-9)


@settings(max_examples=8, deadline=None)
@given(hour=st.integers(15 * 24, 20 * 24), seed=st.integers(0, 5))
def test_what_comes_after_as_of_is_not_even_looked_at(hour, seed):
    """Poison: NaN, minus a million, doubles that disagree, all after as_of; the same bytes as without these rows."""
    frame = _frame(names=("a", "b", "c"))
    as_of = (START + pd.Timedelta(hours=hour)).to_pydatetime()
    known = frame["ds"] < as_of
    rng = np.random.default_rng(seed)
    poisoned = frame.assign(y=np.where(known, frame["y"], rng.choice([np.nan, -1e6, 1e9, np.inf], frame.shape[0])))
    poisoned = pd.concat([poisoned, poisoned[~known].assign(y=5.0)])
    events = ["sale,2026-09-12T00:00Z,5h,learn", "sale2,2026-09-20T00:00Z,5h,x2"]
    made = [_ask(version, as_of=as_of, events=events, holidays="US-CA") for version in (frame[known], poisoned)]
    assert _numbers(made[0]).tobytes() == _numbers(made[1]).tobytes()
    assert made[0].attrs == made[1].attrs
    assert (made[0]["cutoff"] == pd.Timestamp(as_of)).all()


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        (lambda f: f.drop(columns="ds"), "ds", 78),
        (lambda f: f.rename(columns={"unique_id": "id"}), "unique_id", 78),
        (lambda f: f.drop(columns="y"), "y", 78),
        (lambda f: f.assign(ds=f["ds"].dt.tz_localize(None)), "ds", 78),
        (lambda f: f.assign(ds=f["ds"].dt.strftime("%Y-%m-%d %H:%M")), "ds", 78),
        (lambda f: f.assign(ds="soon"), "ds", 78),
        (lambda f: f.assign(ds=range(len(f))), "ds", 78),
        (lambda f: f.assign(y=f["y"].astype(str)), "y", 78),
        (lambda f: f.assign(y=True), "y", 78),
        (lambda f: f.assign(unique_id=None), "unique_id", 78),
        (lambda f: f.iloc[:0], "ds", 78),
    ],
)
def test_a_wrong_column_is_named(change, column, code):
    """Missing, of the wrong type, without a zone: configuration of the caller, exit code 78."""
    with pytest.raises(InvalidFrame) as refused:
        _ask(change(_frame()))
    assert refused.value.key == column
    assert refused.value.exit_code == code


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1.0])
def test_what_is_no_demand_is_refused(value):
    """NaN, infinite and negative values never become a forecast: exit code 3, series and time named."""
    frame = _frame()
    frame.loc[7, "y"] = value
    with pytest.raises(UntrustworthySeries, match=r"web: y is .* at 2026-09-07T07:00") as refused:
        _ask(frame)
    assert refused.value.exit_code == 3


def test_rows_that_disagree_are_refused():
    """Two values at one time: nobody knows which."""
    frame = pd.concat([_frame(), _frame().iloc[[5]].assign(y=1.0)])
    with pytest.raises(Refused, match="web: two values at 2026-09-07T05:00"):
        _ask(frame)


def test_missing_rows_are_gaps_within_the_limit_and_refused_beyond():
    """A tenth missing is forecast, and is not zero; a third is refused with the share and the limit."""
    frame = _frame()
    rng = np.random.default_rng(0)
    made = _ask(frame[rng.random(len(frame)) > 0.1])
    assert made["q0.5"].min() > 100
    with pytest.raises(UntrustworthySeries, match=r"3\d\.\d% of the history is missing"):
        _ask(frame[rng.random(len(frame)) > 0.34])


def test_a_change_of_clocks_moves_the_season_and_not_the_grid():
    """Nine o'clock in New York stays nine o'clock after the clocks went back; the grid stays UTC."""
    times = pd.date_range("2026-10-04", periods=28 * 24, freq="h", tz="UTC")
    local = times.tz_convert("America/New_York")
    y = np.where((local.hour >= 9) & (local.hour < 17), 1_000.0, 100.0)
    frame = pd.DataFrame({"unique_id": "office", "ds": times, "y": y})
    made = _ask(frame, timezone="America/New_York", horizon="48h")  # the cutoff is 1 November, the change at 06:00
    hours = made["ds"].dt.tz_convert("America/New_York").dt.hour
    open_hours = (hours >= 9) & (hours < 17)
    assert (made.loc[open_hours, "q0.5"] > 900).all()
    assert (made.loc[~open_hours, "q0.5"] < 200).all()
    assert made["ds"].diff().dropna().unique().tolist() == [pd.Timedelta(hours=1)]


def test_a_leap_day_is_a_day_like_another():
    """Over 29 February the grid has no hole and the season goes on."""
    made = _ask(_frame(start=pd.Timestamp("2028-02-08", tz="UTC"), hours=21 * 24), horizon="48h")
    assert made["ds"].iloc[0] == pd.Timestamp("2028-02-29", tz="UTC")
    assert made["ds"].iloc[24] == pd.Timestamp("2028-03-01", tz="UTC")
    assert np.corrcoef(made["q0.5"][:24], _wave(24))[0, 1] > 0.95


def test_times_of_other_zones_are_the_same_moments():
    """Offsets and zones change nothing but how a moment is written."""
    frame = _frame()
    kathmandu = frame.assign(ds=frame["ds"].dt.tz_convert("Asia/Kathmandu"))
    text = frame.assign(ds=frame["ds"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    made = _numbers(_ask(frame))
    assert np.array_equal(_numbers(_ask(kathmandu)), made)
    assert np.array_equal(_numbers(_ask(text)), made)


def test_a_coarser_step_takes_the_mean_the_highest_or_the_sum():
    """Six hours from hours; the step that is not over yet is left out."""
    frame = _frame(21 * 24 + 4)
    for aggregate, factor in (("mean", 1.0), ("sum", 6.0)):
        made = _ask(frame, step="6h", aggregate=aggregate)
        assert len(made) == 4
        assert made["cutoff"].iloc[0] == START + timedelta(days=21)
        assert made["q0.5"].mean() == pytest.approx(300 * factor, rel=0.1)
    assert _ask(frame, step="6h", aggregate="max")["q0.5"].mean() > 340


@pytest.mark.parametrize("hours", [1, 5, 20, 40])
def test_a_short_history_alone_is_wide_and_degraded(hours):
    """An hour to two days without a fleet: a forecast stands, says that it is a fallback, and is wide."""
    made = _ask(_frame(hours))
    choice = made.attrs["choices"]["web"]
    assert choice["degraded"]
    long = _ask(_frame())
    assert (made["q0.99"] - made["q0.1"]).mean() > (long["q0.99"] - long["q0.1"]).mean()


@pytest.mark.parametrize("level", [0.0, 42.0])
def test_a_constant_series_stays_where_it_is(level):
    """Constant or all-zero: finite, at its level."""
    made = _ask(_frame().assign(y=level))
    assert np.allclose(made["q0.5"], level)
    assert np.isfinite(_numbers(made)).all()


@pytest.mark.parametrize(
    "given",
    [
        {"horizon": 0},
        {"horizon": True},
        {"horizon": "soon"},
        {"horizon": "9999d"},
        {"quantiles": (0.9, 0.5)},
        {"quantiles": (0.0, 0.5)},
        {"quantiles": ()},
        {"as_of": "yesterday"},
        {"step": "abc"},
        {"holidays": "california"},
    ],
)
def test_a_question_without_sense_is_wrong_usage(given):
    """Exit code 64, and what would make sense."""
    with pytest.raises(UsageError) as refused:
        _ask(_frame(), **given)
    assert refused.value.exit_code == 64


def test_a_step_that_does_not_divide_a_day_is_refused():
    """Seven hours have no season; neither has a history of such rows."""
    with pytest.raises(ConfigurationError, match="does not divide a day"):
        _ask(_frame(), step="7h")
    with pytest.raises(ConfigurationError, match="does not divide a day"):
        _ask(_frame(200, freq="7h"))


def test_as_of_needs_a_zone():
    """A naive moment is another one elsewhere."""
    with pytest.raises(InvalidFrame, match="as_of has no time zone"):
        _ask(_frame(), as_of=datetime(2026, 9, 20))  # noqa: DTZ001


def test_each_series_is_forecast_from_its_own_end():
    """Without as_of a series that ended earlier has its own cutoff, and with it all have the same."""
    frame = _frame(names=("a", "b"))
    frame = frame[(frame["unique_id"] != "b") | (frame["ds"] < START + timedelta(days=20))]
    made = _ask(frame)
    assert made.groupby("unique_id")["cutoff"].first().tolist() == [
        START + timedelta(days=21),
        START + timedelta(days=20),
    ]
    together = _ask(frame, as_of=datetime(2026, 9, 27, 12, tzinfo=UTC))
    assert together["cutoff"].nunique() == 1


def test_an_extreme_event_needs_no_acceptance_but_is_said():
    """What-if: the event's multiplier is in the quantiles, and its name in the reason."""
    plain, made = _ask(_frame()), _ask(_frame(), events=["launch,2026-09-28T06:00Z,2h,x30"])
    assert made["q0.5"][6] == pytest.approx(30 * plain["q0.5"][6], rel=1e-6)
    assert made["q0.5"][5] == pytest.approx(plain["q0.5"][5], rel=0.05)
    assert "event launch ×30" in made.attrs["choices"]["web"]["reason"]
