"""An event and the environment → what is asked for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from scaler.errors import UsageError
from scaler.unattended.interface import MODES, Mode, Request

KEYS = ("config", "store", "mode", "workload", "as_of", "plan", "plan_id", "run_key", "scheduled_time", "execution_id")
#: What EventBridge and its Scheduler put around an event of their own.
_ENVELOPE = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "replay-name"}
)
RUN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DEFAULT_MARGIN_SECONDS = 10.0
DEFAULT_CLAIM_SECONDS = 45.0


def read_event(event: object, environment: Mapping[str, str], request_id: str) -> Request:
    """What the event asks for.

    Args:
        event: as it came: a direct event, or one in the envelope of EventBridge.
        environment: ``SCALER_CONFIG`` and its siblings.
        request_id: of this delivery; a retry of Lambda keeps it.

    Raises:
        UsageError: a key is unknown, or says something that makes no sense.
    """
    given = _Given(_opened(event), environment)
    mode, plan_id = given.mode(), given.text("plan_id")
    config = given.text("config", "SCALER_CONFIG") or "scaler.yaml"
    workloads, as_of, plan = given.workloads(), given.moment("as_of"), given.text("plan")
    store = given.text("store", "SCALER_STORE")
    if plan is not None and (mode != "apply" or workloads or as_of is not None):
        raise _wrong("plan", "is only for mode apply, and takes no workload and no as_of: the plan says both")
    if plan_id is not None and plan is None:
        raise _wrong("plan_id", "says which plan was approved, and needs plan: where that one is")
    if plan is None and environment.get("SCALER_APPROVED_ONLY") == "1":
        raise _wrong("plan", "is needed: with SCALER_APPROVED_ONLY this function applies plans that were approved")
    if mode == "run" and (workloads or as_of is not None):
        raise _wrong("mode", "run moves the floors of the whole fleet, now: it takes no workload and no as_of")
    scheduled = given.moment("scheduled_time")
    about = [mode, config, store, sorted(workloads), plan, None if as_of is None else as_of.isoformat()]
    about += [] if plan_id is None else [plan_id]
    which = scheduled.isoformat() if scheduled is not None else given.text("execution_id") or request_id
    return Request(
        run_key=given.run_key() or _key(mode, scheduled, [*about, which]),
        mode=mode,
        config=config,
        store=store,
        workloads=workloads,
        as_of=as_of,
        plan=plan,
        plan_id=plan_id,
        figures=environment.get("SCALER_EMF", "") != "0",
        margin_seconds=_seconds(environment, "SCALER_TIME_MARGIN", DEFAULT_MARGIN_SECONDS),
        claim_seconds=_seconds(environment, "SCALER_CLAIM_SECONDS", DEFAULT_CLAIM_SECONDS),
        about=_digest(about),
    )


def _key(mode: str, scheduled: datetime | None, about: list[Any]) -> str:
    digest = _digest(about)
    return f"{mode}-{digest}" if scheduled is None else f"{scheduled:%Y%m%dT%H%M%SZ}-{mode}-{digest}"


def _digest(about: list[Any]) -> str:
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]


def _opened(event: object) -> dict[str, Any]:
    """The event out of its envelope; known keys only.

    Raises:
        UsageError: it is no object, or has a key that means nothing.
    """
    if event is None:
        return {}
    if not isinstance(event, dict):
        raise UsageError(
            "the event is not an object",
            why=f"it is a {type(event).__name__}",
            next_step='send {} or an object such as {"mode": "plan"}',
        )
    found = dict(event)
    if "detail-type" in found:
        detail = found.get("detail")
        if isinstance(detail, str):
            try:
                detail = json.loads(detail or "{}")
            except ValueError:
                raise _wrong("detail", "is neither an object nor the JSON of one") from None
        inner = _opened(detail or {})
        envelope = {"scheduled_time": found.get("time"), "execution_id": found.get("id")}
        rest = {key: value for key, value in found.items() if key not in _ENVELOPE}
        found = {**{key: value for key, value in envelope.items() if value}, **rest, **inner}
    for key in found:
        if key not in KEYS:
            near = get_close_matches(str(key), KEYS, n=1)
            raise UsageError(
                f"the event has a key {str(key)!a} that means nothing",
                why=f"it may have {', '.join(KEYS)}",
                next_step=f"write {near[0]}" if near else "leave it out",
            )
    return found


@dataclass(frozen=True)
class _Given:
    event: Mapping[str, Any]
    environment: Mapping[str, str]

    def text(self, key: str, variable: str | None = None) -> str | None:
        value = self.event.get(key)
        if value is None:
            return (self.environment.get(variable) or None) if variable else None
        if not isinstance(value, str) or not value:
            raise _wrong(key, "must be text")
        return value

    def mode(self) -> Mode:
        value = self.text("mode", "SCALER_MODE") or "plan"
        if value not in MODES:
            raise _wrong("mode", f"is {value!a}; it may be {', '.join(MODES)}")
        return value

    def workloads(self) -> tuple[str, ...]:
        value = self.event.get("workload") or []
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise _wrong("workload", "must be a name or a list of names")
        return tuple(names)

    def moment(self, key: str) -> datetime | None:
        value = self.text(key)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise _wrong(key, f"is {value!a}, which is no time such as 2026-11-16T00:00Z") from None
        if moment.tzinfo is None:
            raise _wrong(key, f"is {value!a}, which has no time zone: write {value}Z")
        return moment.astimezone(UTC).replace(microsecond=0)

    def run_key(self) -> str | None:
        value = self.text("run_key")
        if value is not None and not RUN_KEY.fullmatch(value):
            raise _wrong("run_key", "must be 1 to 100 letters, digits, dots, dashes or underscores")
        return value


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 3600:
        raise UsageError(
            f"{name} is {text!a}", why="it must be a number of seconds, above 0", next_step=f"write {default:g}"
        )
    return value


def _wrong(key: str, why: str) -> UsageError:
    return UsageError(
        f"the event's {key} cannot be used", why=f"{key} {why}", next_step="mend the event; see docs/lambda.md"
    )
