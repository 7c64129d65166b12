"""What is known of a workload beside its history: events, holidays, relatives, what may be tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from scaler.config.forecasting import CalendarConfig, EventConfig, ForecastConfig, HolidaysConfig
from scaler.forecast.events import Event, event_of


@dataclass(frozen=True)
class Knowledge:
    """What is known of one workload.

    Attributes:
        events: with all occurrences that touch history and horizon.
        holidays: names by local day.
        like: the workload whose shape stands in while history is short.
        time_budget_seconds: time for the challengers, or ``None`` if they are not tried.
        challengers: names of the models to try.
        cap: demand that cannot be exceeded.
        pretrained: folder of a pretrained model.
        accept_extreme: whether a forecast beyond the bound of :mod:`scaler.forecast.guard` is accepted.
    """

    events: tuple[Event, ...] = ()
    holidays: Mapping[date, str] = field(default_factory=dict)
    like: str | None = None
    time_budget_seconds: float | None = None
    challengers: tuple[str, ...] = ()
    cap: float | None = None
    pretrained: str | None = None
    accept_extreme: bool = False


NOTHING = Knowledge()


def knowledge_of(
    *,
    timezone: str,
    start: datetime,
    end: datetime,
    root: Path,
    forecast: ForecastConfig,
    events: tuple[EventConfig, ...] = (),
    holidays: HolidaysConfig | None = None,
    calendar: CalendarConfig | None = None,
    like: str | None = None,
    accept_extreme: bool = False,
) -> Knowledge:
    """Resolve what is configured for the span from the start of history to the end of the horizon.

    Args:
        start, end: aware.
        root: folder that relative paths start from.

    Raises:
        ConfigurationError: a calendar cannot be read, a country is unknown.
    """
    first, last = int(start.timestamp()), int(end.timestamp())
    found = [event_of(given, timezone, first, last) for given in events]
    if calendar is not None:
        from scaler.forecast.calendar_file import read_calendar  # noqa: PLC0415 - only who has one pays for it

        found += read_calendar(
            root / calendar.file,
            calendar.file,
            timezone=timezone,
            first=first,
            end=last,
            multiplier=calendar.multiplier,
        )
    days: Mapping[date, str] = {}
    if holidays is not None:
        from scaler.forecast.public_holidays import holidays_between  # noqa: PLC0415 - as above

        zone = ZoneInfo(timezone)
        local = [moment.astimezone(UTC).astimezone(zone).date() for moment in (start, end)]
        days = holidays_between(holidays, local[0] - timedelta(days=1), local[1])
    return Knowledge(
        events=tuple(event for event in found if event.starts),
        holidays=days,
        like=like,
        time_budget_seconds=forecast.time_budget.total_seconds() if forecast.time_budget is not None else None,
        challengers=tuple(forecast.challengers),
        cap=forecast.cap,
        pretrained=str(root / forecast.pretrained) if forecast.pretrained is not None else None,
        accept_extreme=accept_extreme,
    )
