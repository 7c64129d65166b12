from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.config.units import LONGEST, Rate, format_duration, parse_duration, parse_share


@given(st.integers(1, int(LONGEST.total_seconds())))
def test_a_duration_reads_back_as_it_was_written(seconds: int) -> None:
    """Every duration that can be configured survives being written and read."""
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


@given(st.floats(1e-300, 1e300), st.booleans())
def test_a_rate_reads_back_as_it_was_written(value: float, per_second: bool) -> None:
    """A throughput keeps every digit when it is written and read."""
    rate = Rate(value, per_second)
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("48h", 172_800), ("28d", 2_419_200), ("2w", 1_209_600), ("1h30m", 5_400)],
)
def test_durations_mean_what_they_say(text: str, seconds: int) -> None:
    """Each unit has its usual length, and sums are sums."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["", "5", 300, 1.5, "5 m", "-5m", "5y", "m", "5m!", None, True, "0s", "3651d", "9" * 9 + "w", "٣m"]
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    """A bare number has no unit, and no duration is zero, negative or beyond ten years."""
    with pytest.raises(ValueError, match=r"^must be"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        ("450/s", Rate(450, per_second=True)),
        ("27000/min", Rate(450, per_second=True)),
        ("27000/m", Rate(450, per_second=True)),
        ("1.62e6/h", Rate(450, per_second=True)),
        (200, Rate(200, per_second=False)),
        ("200", Rate(200, per_second=False)),
    ],
)
def test_rates_mean_what_they_say(value: object, rate: Rate) -> None:
    """Per minute and per hour are per second in the end; a bare number is a level."""
    assert Rate.parse(value) == rate


@pytest.mark.parametrize(
    "value", [0, "0/s", -1, "fast", "450/d", True, None, float("inf"), "1e400/s", [1], "450 /s /s"]
)
def test_what_is_no_rate_is_refused(value: object) -> None:
    """A throughput is above zero and finite."""
    with pytest.raises(ValueError, match=r"^must be"):
        Rate.parse(value)


@given(st.integers(0, 100))
def test_a_percentage_is_a_share(percent: int) -> None:
    """60% and 0.6 are the same share."""
    assert parse_share(f"{percent}%") == parse_share(percent / 100)


@pytest.mark.parametrize("value", [60, "0.6", "101%", -0.1, "-1%", True, None, float("nan"), "9" * 400 + "%"])
def test_what_is_no_share_is_refused(value: object) -> None:
    """60 is not taken for 60 %."""
    with pytest.raises(ValueError, match=r"^must be"):
        parse_share(value)
