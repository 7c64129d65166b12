"""Events and holidays: when they happen, what they do, and that the past is not polluted by them."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.config.cron import parse_cron
from scaler.config.forecasting import EventConfig, HolidaysConfig, parse_event
from scaler.errors import ConfigurationError
from scaler.forecast.calendar_file import read_calendar
from scaler.forecast.effects import effects_of, share_of_steps
from scaler.forecast.events import Event, event_of
from scaler.forecast.public_holidays import holidays_between
from scaler.forecast.seasons import wall_clock

HOUR = 3_600
MONDAY = int(datetime(2026, 9, 7, tzinfo=UTC).timestamp())
WEEK = 7 * 24


def _at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def _event(**given) -> EventConfig:
    return EventConfig.model_validate({"name": "sale", "duration": "1h", "multiplier": 2.0, **given})


def _starts(given: EventConfig, zone: str = "UTC", end: int | None = None) -> list[str]:
    found = event_of(given, zone, _at(2026, 1, 1), end or _at(2027, 1, 1))
    return [f"{datetime.fromtimestamp(t, UTC):%m-%dT%H:%M}" for t in found.starts]


def test_a_local_start_is_the_wall_time_of_the_workload():
    """Midnight on Black Friday in New York is 05:00 UTC; with a zone of its own it is what it says."""
    assert _starts(_event(start="2026-11-27T00:00"), "America/New_York") == ["11-27T05:00"]
    assert _starts(_event(start="2026-11-27T00:00Z"), "America/New_York") == ["11-27T00:00"]


def test_a_weekly_event_keeps_its_wall_time_over_a_change_of_clocks():
    """Every Saturday at nine, before and after the clocks go back in New York."""
    given = _event(start="2026-10-24T09:00", every="week", until="2026-11-10T00:00")
    assert _starts(given, "America/New_York") == ["10-24T13:00", "10-31T13:00", "11-07T14:00"]


def test_months_and_years_that_lack_the_day_use_their_last():
    """The 31st of a short month is its last day, and 29 February is the 28th in other years."""
    monthly = _starts(_event(start="2026-01-31T00:00", every="month"))
    assert monthly[:4] == ["01-31T00:00", "02-28T00:00", "03-31T00:00", "04-30T00:00"]
    leap = _event(start="2024-02-29T12:00", every="year")
    assert _starts(leap, end=_at(2029, 1, 1)) == ["02-28T12:00", "02-28T12:00", "02-29T12:00"]


def test_cron_is_read_as_crontab_reads_it():
    """Minutes and hours of working days; both day fields restricted are alternatives."""
    nine = _starts(_event(start="2026-03-02", every="30 9,17 * * 1-5"), end=_at(2026, 3, 4))
    assert nine == ["03-02T09:30", "03-02T17:30", "03-03T09:30", "03-03T17:30"]
    either = parse_cron("0 0 13 * 5")
    assert either.on(date(2026, 3, 13))
    assert either.on(date(2026, 3, 20))
    assert not either.on(date(2026, 3, 14))


@pytest.mark.parametrize("text", ["fortnight", "* * * *", "61 * * * *", "0 25 * * *", "5-2 * * * *", "@daily", ""])
def test_what_is_no_recurrence_is_refused(text):
    """A recurrence that nobody can read is a mistake in the configuration."""
    with pytest.raises(ValueError, match="must be"):
        _event(start="2026-01-01", every=text)


@given(st.text(max_size=40))
def test_any_text_is_an_event_or_a_value_error(text):
    """The option --event takes whatever is typed, and never a traceback of another kind."""
    with contextlib.suppress(ValueError):
        assert parse_event(text).name


def test_the_option_gives_what_the_configuration_gives():
    """Name, start, duration and each of the effects."""
    sale = parse_event("sale,2026-11-27T00:00,24h,x2.5")
    assert (sale.multiplier, sale.duration.total_seconds()) == (2.5, 86_400)
    assert parse_event("batch,2026-11-27T00:00Z,2h,floor=500").floor == 500
    assert parse_event("batch,2026-11-27T00:00Z,2h,learn").regressor is True


def test_a_calendar_file_gives_its_events_with_zones_recurrence_and_exceptions(tmp_path):
    """One-off, weekly with an exception, a whole day; outside the span nothing."""
    path = tmp_path / "ops.ics"
    path.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n"
        "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:release\r\nDTSTART;TZID=America/New_York:20261027T100000\r\n"
        "DTEND;TZID=America/New_York:20261027T120000\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\n"
        "EXDATE;TZID=America/New_York:20261110T100000\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:stock take <1>\r\nDTSTART;VALUE=DATE:20261101\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:3\r\nSUMMARY:long ago\r\nDTSTART:20200101T000000Z\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n"
    )
    found = read_calendar(
        path, "ops.ics", timezone="UTC", first=_at(2026, 10, 1), end=_at(2026, 12, 1), multiplier=None
    )
    assert [event.name for event in found] == ["release", "stock take 1"]
    release, whole_day = found
    shown = [f"{datetime.fromtimestamp(t, UTC):%m-%dT%H}" for t in release.starts]
    assert shown == ["10-27T14", "11-03T15", "11-17T15"]  # ten o'clock in New York, before and after the change
    assert release.duration_seconds == 2 * HOUR
    assert whole_day.duration_seconds == 86_400
    assert release.learned


@pytest.mark.parametrize("content", [None, b"", b"\x00\x01", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR"])
def test_a_calendar_that_is_none_names_the_file(tmp_path, content):
    """A broken calendar is a mistake of the configuration, not an absence of events."""
    path = tmp_path / "ops.ics"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"calendar ops\.ics cannot be read"):
        read_calendar(path, "ops.ics", timezone="UTC", first=0, end=10, multiplier=2.0)


def test_holidays_are_those_of_the_country_and_the_subdivision():
    """Cesar Chavez Day is one in California and not in the country; a made-up place is named."""
    span = (date(2026, 3, 1), date(2026, 12, 31))
    country = holidays_between(HolidaysConfig(country="US"), *span)
    california = holidays_between(HolidaysConfig(country="US", subdivision="CA"), *span)
    assert "Thanksgiving" in country[date(2026, 11, 26)]
    assert date(2026, 3, 31) not in country
    assert date(2026, 3, 31) in california
    with pytest.raises(ConfigurationError, match="US-ZZ") as refused:
        holidays_between(HolidaysConfig(country="US", subdivision="ZZ"), *span)
    assert "CA" in refused.value.next_step


def _weekly(weeks: int) -> np.ndarray:
    hour = np.arange(weeks * WEEK)
    return 100.0 + 50 * np.sin(2 * np.pi * hour / 24) - 30 * ((hour // 24 % 7) == 6)


def _effects(values, horizon=48, events=(), holidays=None, start=MONDAY):
    clock = wall_clock(start, HOUR, values.size + horizon, "UTC")
    return effects_of(
        values, clock, start_epoch=start, step_seconds=HOUR, events=tuple(events), holidays=holidays or {}
    )


def test_a_known_multiplier_is_divided_out_of_the_past_and_put_onto_the_future():
    """The fit sees ordinary demand; the quantiles of the event are multiplied, and wider."""
    values = _weekly(4)
    values[100:110] *= 3
    end = MONDAY + values.size * HOUR
    event = Event("sale", (MONDAY + 100 * HOUR, end + 5 * HOUR), 10 * HOUR, multiplier=3.0)
    effects = _effects(values, events=[event])
    assert np.allclose(effects.fitted, _weekly(4))
    assert effects.notes == ("event sale ×3",)
    made = effects.onto(np.tile([80.0, 100.0, 120.0], (48, 1)), np.full(48, 100.0))
    assert np.allclose(made[0], [80, 100, 120])
    assert made[5, 1] == 300
    assert made[5, 2] - made[5, 0] > 3 * 40
    assert (made[15:] == made[0]).all()


def test_a_floor_holds_in_the_future_and_hides_the_past():
    """Quantiles are at least the floor while it lasts; what it did before is not learned."""
    values = _weekly(4)
    values[100:110] = 900
    event = Event("batch", (MONDAY + 100 * HOUR, MONDAY + (values.size + 2) * HOUR), 10 * HOUR, floor=900.0)
    effects = _effects(values, events=[event])
    assert np.isnan(effects.fitted[100:110]).all()
    made = effects.onto(np.tile([80.0, 100.0], (48, 1)), np.full(48, 90.0))
    assert (made[2:12] == 900).all()
    assert (made[12:] == [80, 100]).all()


def test_a_learned_effect_is_what_it_did_before():
    """Demand doubled at two earlier occurrences: it will double again. Never seen: unchanged, wider, and said."""
    values = _weekly(4)
    for first in (100, 300):
        values[first : first + 6] *= 2
    starts = tuple(MONDAY + step * HOUR for step in (100, 300, values.size + 4))
    effects = _effects(values, events=[Event("mailing", starts, 6 * HOUR)])
    assert effects.multiplier[4:10] == pytest.approx(2.0, rel=1e-6)
    assert "learned from 2 before" in effects.notes[0]
    fresh = _effects(_weekly(4), events=[Event("mailing", starts[-1:], 6 * HOUR)])
    assert (fresh.multiplier == 1).all()
    assert (fresh.widening[4:10] > 1).all()
    assert "unknown" in fresh.notes[0]


def test_a_first_holiday_is_like_a_sunday_and_a_third_like_those_before():
    """Sunday brings a third less; a holiday seen twice brings what it brought."""
    values = _weekly(4)
    horizon_day = date(2026, 10, 6)  # the Tuesday after four weeks from Monday 7 September
    sunday = _effects(values, holidays={horizon_day: "Founders Day"})
    ahead = sunday.multiplier[24:48]
    tuesday, of_sunday = _weekly(1)[24:48], _weekly(1)[6 * 24 :]
    assert ahead * tuesday == pytest.approx(of_sunday, rel=0.25)
    assert (sunday.multiplier[:24] == 1).all()
    values[8 * 24 : 9 * 24] *= 0.5
    values[15 * 24 : 16 * 24] *= 0.5
    seen = {date(2026, 9, 15): "A", date(2026, 9, 22): "B", horizon_day: "C"}
    learned = _effects(values, holidays=seen)
    assert learned.multiplier[24:48] == pytest.approx(0.5, rel=0.02)
    assert learned.notes == ("holiday C as 2 holidays before",)
    assert np.isnan(learned.fitted[8 * 24 : 9 * 24]).all()


def test_an_event_that_covers_everything_leaves_a_history_to_fit():
    """If more than half would be taken out, history is used as it is."""
    always = Event("always", (MONDAY,), 40 * 7 * 86_400)
    assert np.isfinite(_effects(_weekly(4), events=[always]).fitted).all()


def test_a_step_of_a_day_takes_its_share_of_a_short_event():
    """One hour of a day is a twenty-fourth of it; of an hour that it touches, all."""
    event = Event("hour", (MONDAY + 1_800,), HOUR)
    days = share_of_steps(event, MONDAY + 86_400 * np.arange(3), 86_400)
    assert days == pytest.approx([1 / 24, 0, 0])
    assert share_of_steps(event, MONDAY + HOUR * np.arange(3), HOUR).tolist() == [1, 1, 0]
