"""How demand is forecast, as configured: models, events, holidays, and whom a young workload resembles."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema, model_validator

from scaler.config.checks import Allowed, InvalidAt
from scaler.config.cron import parse_cron
from scaler.config.metrics import MetricSource
from scaler.config.strict import Strict
from scaler.config.units import Duration, parse_duration

ModelName = Literal[
    "auto",
    "panel",
    "seasonal_naive",
    "ets",
    "stl_ets",
    "sarimax",
    "prophet",
    "mstl_arima",
    "lightgbm",
    "pretrained",
]
#: Models that need a package, or a file, that scaler does not bring.
LIBRARY_MODELS = ("ets", "stl_ets", "sarimax", "prophet", "mstl_arima", "lightgbm", "pretrained")
ChallengerName = Literal["ets", "stl_ets", "sarimax", "prophet", "mstl_arima", "lightgbm", "pretrained"]


def _usual_challengers() -> list[ChallengerName]:
    return ["ets", "stl_ets", "prophet"]


class ForecastConfig(Strict):
    """Which model forecasts."""

    model: ModelName = Field(
        "auto", description="'auto' chooses per workload by rolling-origin backtest on pinball loss."
    )
    time_budget: Duration | None = Field(
        None,
        description="Marks an important workload: 'auto' also lets the challengers try, all of them together "
        "within this time, e.g. 60s.",
    )
    challengers: list[ChallengerName] = Field(
        default_factory=_usual_challengers,
        description="Library models that 'auto' tries within the time budget, in this order.",
        max_length=7,
    )
    cap: float | None = Field(
        None, gt=0, description="Demand that cannot be exceeded; Prophet then grows logistically towards it."
    )
    pretrained: str | None = Field(
        None, min_length=1, description="Folder of a pretrained model, relative to this file; never downloaded."
    )

    @model_validator(mode="after")
    def _has_its_files(self) -> ForecastConfig:
        named = self.model == "pretrained" or (self.time_budget is not None and "pretrained" in self.challengers)
        if named and self.pretrained is None:
            raise InvalidAt("must name the folder of the model, as it is never downloaded", "pretrained")
        return self


def parse_start(value: object) -> datetime:
    """Read ``2026-11-27``, ``2026-11-27T00:00`` (local time) or the latter with a zone.

    Raises:
        ValueError: not such a time.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?", value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("must be a time such as 2026-11-27T00:00 (local) or 2026-11-27T05:00Z")


def _recurrence(value: object) -> object:
    if value is None or value in ("day", "week", "month", "year"):
        return value
    parse_cron(value if isinstance(value, str) else "")
    return value


Start = Annotated[
    datetime,
    BeforeValidator(parse_start),
    PlainSerializer(lambda moment: moment.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "examples": ["2026-11-27T00:00", "2026-11-27T05:00Z"]}),
]
Recurrence = Annotated[
    str | None,
    BeforeValidator(_recurrence),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "examples": ["week", "month", "year", "0 9 * * 1-5"]}, {"type": "null"}]}
    ),
]
# Names stand in reasons, tables and logs.
EventName = Annotated[
    str,
    Allowed(
        r"[A-Za-z0-9][A-Za-z0-9 ._/&()+:'-]{0,79}",
        "1 to 80 letters, digits, spaces or any of ._/&()+:'- and begin with a letter or digit",
    ),
]


class EventConfig(Strict):
    """Something that changes demand for a while."""

    name: EventName = Field(description="What it is called in reasons.")
    start: Start = Field(description="When it first begins; local time of the workload unless it has a zone.")
    duration: Duration = Field(description="How long it lasts, e.g. 24h.")
    multiplier: float | None = Field(None, gt=0, le=1000, description="Demand is this many times what it would be.")
    floor: float | None = Field(None, ge=0, description="Demand is at least this, in units of demand.")
    regressor: Literal[True] | None = Field(
        None, description="true: the effect is learned from how demand changed when it happened before."
    )
    every: Recurrence = Field(
        None, description="It happens again every day, week, month or year, or as a cron expression in local time says."
    )
    until: Start | None = Field(None, description="No recurrence begins after this.")

    @model_validator(mode="after")
    def _one_effect(self) -> EventConfig:
        if sum(value is not None for value in (self.multiplier, self.floor, self.regressor)) != 1:
            raise ValueError("give exactly one of multiplier, floor, regressor")
        if self.until is not None and self.every is None:
            raise InvalidAt("has a meaning only beside every", "until")
        if self.until is not None and (self.until.tzinfo is None) != (self.start.tzinfo is None):
            raise InvalidAt("must have a zone exactly where start has one", "until")
        return self


def parse_event(text: str) -> EventConfig:
    """Read ``name,start,duration,effect`` as a command takes it.

    The effect is ``x2.5``, ``floor=500`` or ``learn``.

    Raises:
        ValueError: not such a text (pydantic's own error is one).
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4:
        raise ValueError("it is NAME,START,DURATION,EFFECT")
    name, start, duration, effect = parts
    given: dict[str, Any] = {"name": name, "start": parse_start(start), "duration": parse_duration(duration)}
    if match := re.fullmatch(r"x([0-9]+(?:\.[0-9]+)?)", effect):
        given["multiplier"] = float(match[1])
    elif match := re.fullmatch(r"floor=([0-9]+(?:\.[0-9]+)?)", effect):
        given["floor"] = float(match[1])
    elif effect == "learn":
        given["regressor"] = True
    else:
        raise ValueError("the effect is x2.5, floor=500 or learn")
    return EventConfig.model_validate(given)


class CalendarConfig(Strict):
    """Events of an iCal file: each is one occurrence or a recurrence of it."""

    file: str = Field(min_length=1, description="The .ics file, relative to this configuration.")
    multiplier: float | None = Field(
        None, gt=0, le=1000, description="Effect of every event of the file; learned from the past if not given."
    )


class HolidaysConfig(Strict):
    """Public holidays: forecast like a Sunday until two of them have been seen."""

    country: Annotated[str, Allowed(r"[A-Z]{2}", "a country code of ISO 3166, such as US")] = Field(
        description="Country, ISO 3166, e.g. US."
    )
    subdivision: Annotated[str, StringConstraints(min_length=1, max_length=10)] | None = Field(
        None, description="State or province, e.g. CA."
    )


class PredecessorConfig(MetricSource):
    """The load metric of what this workload replaces."""
