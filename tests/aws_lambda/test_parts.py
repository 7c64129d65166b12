"""The parts of an unattended run by themselves: events, claims, time, logs, what is kept."""

from __future__ import annotations

import io
import json
import resource
import signal
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.errors import ConfigurationError, Failed, UsageError
from scaler.history.folder_store import FolderStore
from scaler.history.interface import StoreFailed
from scaler.history.lock import ARCHIVE, Holder, Lease, StoreLocked, locked, read_lock
from scaler.pipeline.rolling import lock_of
from scaler.unattended.claim import AliveElsewhere, claimed, free_locks_of_the_dead, holder_id, place_of
from scaler.unattended.deadline import Deadline, Unhurried
from scaler.unattended.event import KEYS, RUN_KEY, read_event
from scaler.unattended.interface import ClaimLost, OutOfTime, Request, Summary, WorkloadOutcome
from scaler.unattended.log import Log
from scaler.unattended.places import read_project
from scaler.unattended.state import RunState, RunStates

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)


def asked(event: object, request_id: str = "r", **environment: str) -> Request:
    """What an event asks for."""
    return read_event(event, environment, request_id)


def test_the_same_scheduled_time_is_the_same_run_whoever_delivers_it() -> None:
    """Event id, request id and attempt may differ; mode, configuration, workloads or time make another run."""
    event = {"mode": "apply", "scheduled_time": "2026-11-21T18:00:00Z", "execution_id": "a"}
    key = asked(event).run_key
    assert key.startswith("20261121T180000Z-apply-")
    assert asked({**event, "execution_id": "b"}, "s").run_key == key
    assert asked({**event, "scheduled_time": "2026-11-21T19:00:00+01:00"}).run_key == key
    others = [
        {"mode": "plan"}, {"config": "other.yaml"}, {"workload": "shop"}, {"scheduled_time": "2026-11-21T18:15:00Z"},
        {"store": "s3://acme/other"}, {"as_of": "2026-11-21T17:00Z"},
    ]  # fmt: skip
    keys = {asked({**event, **other}).run_key for other in others}
    assert len(keys) == len(others)
    assert key not in keys


def test_without_a_time_the_event_or_the_delivery_is_the_run() -> None:
    """A retry of Lambda keeps the request id; two deliveries of one event its id; nothing else is the same run."""
    assert asked({}, "one").run_key == asked({}, "one").run_key != asked({}, "two").run_key
    assert asked({"execution_id": "e"}, "one").run_key == asked({"execution_id": "e"}, "two").run_key
    mine = asked({"run_key": "mine", "execution_id": "e"})
    assert mine.run_key == "mine"
    assert asked({"run_key": "mine", "execution_id": "f"}, "other").about == mine.about
    assert asked({"run_key": "mine", "mode": "apply"}).about != mine.about


@pytest.mark.parametrize("detail", ['{"mode": "apply"}', {"mode": "apply"}])
def test_an_envelope_of_eventbridge_is_opened(detail) -> None:
    """The Scheduler sends the detail as text, a rule as an object; time and id are those of the envelope."""
    event = {
        "version": "0", "id": "e", "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": "1",
        "time": "2026-11-21T18:00:00Z", "region": "us-east-1", "resources": [], "detail": detail,
    }  # fmt: skip
    request = asked(event)
    assert request.mode == "apply"
    assert request.run_key == asked({"mode": "apply", "scheduled_time": "2026-11-21T18:00:00Z"}).run_key


@pytest.mark.parametrize(
    "event",
    [
        [], "plan", {"mod": "plan"}, {"mode": "go"}, {"mode": 1}, {"workload": [1]}, {"as_of": "yesterday"},
        {"as_of": "2026-11-21T18:00"}, {"run_key": "../x"}, {"run_key": "a" * 101}, {"plan": "s3://b/k"},
        {"mode": "apply", "plan_id": "0"}, {"mode": "apply", "plan": "s3://b/k", "workload": "a"},
        {"mode": "run", "workload": "a"}, {"detail-type": "x", "detail": "{"}, {"config": ""},
    ],
)  # fmt: skip
def test_an_event_that_makes_no_sense_is_refused(event) -> None:
    """64, with the key that is wrong; nothing is guessed."""
    with pytest.raises(UsageError) as caught:
        asked(event)
    assert caught.value.next_step


@given(st.dictionaries(st.sampled_from([*KEYS, "other"]), st.none() | st.text(max_size=8) | st.integers(), max_size=5))
def test_any_event_is_read_or_refused_and_its_key_is_a_name(event) -> None:
    """No event breaks the reader, and no run key could leave its folder."""
    with suppress(UsageError):
        assert RUN_KEY.fullmatch(asked(event).run_key)


@pytest.mark.parametrize("event", [{}, {"mode": "apply"}, {"mode": "run"}, {"mode": "plan"}, {"workload": "shop"}])
def test_a_function_for_approved_plans_makes_none(event) -> None:
    """An event without a plan, such as that of a test in the console, plans and applies nothing on its own."""
    only = {"SCALER_MODE": "apply", "SCALER_APPROVED_ONLY": "1"}
    with pytest.raises(UsageError, match="the event's plan cannot be used"):
        asked(event, **only)
    assert asked({"plan": "s3://b/k"}, **only).plan == "s3://b/k"
    assert asked({}, SCALER_MODE="apply", SCALER_APPROVED_ONLY="0").mode == "apply"


def test_the_environment_says_what_the_event_does_not() -> None:
    """The event wins; a margin that is no number of seconds is refused."""
    environment = {
        "SCALER_CONFIG": "s3://b/c.yaml", "SCALER_MODE": "run", "SCALER_STORE": "s3://b/p", "SCALER_EMF": "0",
        "SCALER_TIME_MARGIN": "3",
    }  # fmt: skip
    request = asked({}, **environment)
    assert (request.config, request.mode, request.store) == ("s3://b/c.yaml", "run", "s3://b/p")
    assert (request.figures, request.margin_seconds) == (False, 3.0)
    assert asked({"mode": "plan"}, **environment).mode == "plan"
    for wrong in ("soon", "-1", "0", "inf", "nan"):
        with pytest.raises(UsageError, match="SCALER_TIME_MARGIN"):
            asked({}, SCALER_TIME_MARGIN=wrong)


def test_time_is_over_a_margin_before_the_limit() -> None:
    """What is about to begin can ask for room; a margin takes a quarter of a short limit at most."""
    left = [100.0]
    deadline = Deadline(lambda: left[0], 10.0)
    deadline.check("fetch", needs_seconds=80)
    left[0] = 12.0
    deadline.check()
    with pytest.raises(OutOfTime) as caught:
        deadline.check(needs_seconds=3)
    assert (caught.value.stage, caught.value.left_seconds) == ("fetch", 12.0)
    assert not isinstance(caught.value, Exception)  # no stage may take it for a failure of its own
    left[0] = 9.0
    with pytest.raises(OutOfTime):
        deadline.check("plan")
    assert Deadline(lambda: 4.0, 10.0).left() == 3.0
    Unhurried().check("anything", needs_seconds=1e9)


def test_the_alarm_interrupts_what_does_not_look() -> None:
    """A computation without a check is ended; the alarm is gone afterwards, and there is none off the main thread."""
    ends = time.monotonic() + 0.2
    deadline = Deadline(lambda: ends - time.monotonic())
    deadline.check("forecast")

    def compute() -> None:
        while True:
            pass

    with pytest.raises(OutOfTime) as caught, deadline.alarmed():
        compute()
    assert caught.value.stage == "forecast"
    time.sleep(0.01)
    went_on = []

    def elsewhere() -> None:
        with Deadline(lambda: 0.0).alarmed():
            went_on.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert went_on == [True]


class Clock:
    """A clock that waiting moves."""

    def __init__(self) -> None:
        self.now, self.on_wait = NOW, lambda: None

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += timedelta(seconds=seconds)
        self.on_wait()


def claim(store: FolderStore, clock: Clock, nonce: str = "b"):
    """The claim on the run ``r``."""
    holder = Holder(holder_id("r", nonce), "two")
    return claimed(store, "r", holder, clock, expires_after=timedelta(seconds=30), wait=clock.wait)


def test_a_claim_of_the_dead_is_waited_for_and_taken_over(tmp_path) -> None:
    """Nobody renews it: when it expires the next attempt has it, and not before."""
    store, clock = FolderStore(tmp_path), Clock()
    Lease(store, Holder(holder_id("r", "a"), "one"), clock, place_of("r", timedelta(seconds=30)))
    with claim(store, clock):
        assert clock.now - NOW >= timedelta(seconds=30)
        record, _ = read_lock(store, place_of("r", timedelta(seconds=30)))
        assert record is not None
        assert record.id == "r.b"


def test_a_claim_that_is_renewed_is_alive(tmp_path) -> None:
    """The second attempt leaves as soon as it sees a sign of life, and changes nothing."""
    store, clock = FolderStore(tmp_path), Clock()
    lease = Lease(store, Holder(holder_id("r", "a"), "one"), clock, place_of("r", timedelta(seconds=30)))
    clock.on_wait = lease.keep
    with pytest.raises(AliveElsewhere), claim(store, clock):
        pass
    assert clock.now - NOW < timedelta(seconds=30)
    record, _ = read_lock(store, place_of("r", timedelta(seconds=30)))
    assert record is not None
    assert record.id == "r.a"


def test_an_attempt_that_stood_still_does_not_write(tmp_path) -> None:
    """It wakes up after its claim has expired: it is lost if another has it, and the attempt's again if nobody has.

    The thread that renews it has not been heard in all that time, as in a process that is frozen.
    """
    store, clock, place = FolderStore(tmp_path), Clock(), place_of("r", timedelta(seconds=30))
    with claim(store, clock) as heartbeat:
        clock.now += timedelta(seconds=31)
        heartbeat.check()
        record, _ = read_lock(store, place)
        assert record is not None
        assert (record.id, record.expires_at) == ("r.b", clock.now + timedelta(seconds=30))
        clock.now += timedelta(seconds=31)
        Lease(store, Holder(holder_id("r", "a"), "one"), clock, place)
        for _ in range(2):
            with pytest.raises(ClaimLost):
                heartbeat.check()
    record, _ = read_lock(store, place)
    assert record is not None
    assert (record.id, record.held) == ("r.a", True)


def test_a_claim_that_cannot_be_read_is_no_sign_of_life(tmp_path) -> None:
    """Nobody knows whether its holder lives: the event is refused, and not answered as if another took care of it."""
    store = FolderStore(tmp_path)
    store.write("unattended/r/claim.json", b"{")
    with pytest.raises(StoreLocked, match="at work on the run r"), claim(store, Clock()):
        pass


def test_locks_are_freed_if_their_claims_are_dead_and_only_then(tmp_path) -> None:
    """Of an attempt whose claim has expired: both. Of one that is alive, or of a person: none."""
    store, clock = FolderStore(tmp_path), Clock()
    place = place_of("r", timedelta(seconds=30))
    for dead in (False, True):
        clock.now = NOW
        holder = Holder(holder_id("r", f"a{dead}"), "one")
        lease = Lease(store, holder, clock, place)
        for held in (ARCHIVE, lock_of(None)):
            Lease(store, holder, clock, held)
        clock.now += timedelta(seconds=31 if dead else 5)
        assert free_locks_of_the_dead(store, clock, (lock_of(None),)) == (["one", "one"] if dead else [])
        if not dead:
            for held in (ARCHIVE, lock_of(None)):
                with pytest.raises(StoreLocked), locked(store, Holder("x", "x"), clock, held):
                    pass
            lease.release()
            free_locks_of_the_dead(store, clock, (lock_of(None),))
    clock.now = NOW
    with locked(store, Holder("0123456789ab", "ann@build-7"), clock):
        assert free_locks_of_the_dead(store, clock) == []


def test_the_state_of_a_run_comes_back_as_it_was(tmp_path) -> None:
    """What is written is read; what somebody else wrote there is refused, and never taken for a run that is new."""
    store = FolderStore(tmp_path)
    states = RunStates(store)
    assert states.read("r") is None
    outcomes = (WorkloadOutcome("shop", "refused", ("no datapoints → 3",)), WorkloadOutcome("web", "changed", (), 2))
    summary = Summary("r", "apply", "refused", 3, "p" * 64, "run", 2, workloads=outcomes, error={"what": "w"})
    state = RunState("r", "apply", "ended", 2, True, 4, "2026-11-21T18:00:00+00:00", ("q",), "p" * 64, 3, summary)
    states.write(state)
    assert states.read("r") == state
    assert states.read("other") is None
    with pytest.raises(StoreFailed, match=r"plan\.json"):
        states.read_plan("r", state.plan_id)
    for wrong in (b"{", b"[]", b'{"run_key": "r"}'):
        store.write("unattended/r/run.json", wrong)
        with pytest.raises(StoreFailed, match=r"run\.json"):
            states.read("r")


def test_runs_are_dropped_when_they_are_old(tmp_path) -> None:
    """As old as records are kept, by when they were last touched."""
    store = FolderStore(tmp_path)
    states = RunStates(store)
    states.write(RunState("r", "plan"))
    now = datetime.now(UTC)
    states.prune(keep=timedelta(days=1), now=now)
    assert states.read("r") is not None
    states.prune(keep=timedelta(days=1), now=now + timedelta(days=2))
    assert states.read("r") is None


def test_a_line_of_the_log_is_one_line_without_secrets() -> None:
    """Control characters, credentials in addresses, keys and unknown numbers: what is left is JSON on one line."""
    out = io.StringIO()
    log = Log(out, run_key="r")
    log.add(stage="fetch")
    key = "AKIA" + "Z" * 16
    log.warning(f"no answer\nfrom https://ann:hunter2@example.com \x1b[31m{key}", why={"token": f"secret_key={key}"},
                left=float("inf"), nothing=None, some=[f"password=hunter2 {1}"])  # fmt: skip
    with pytest.raises(ValueError, match="Authorization") as caught:
        int(f"Authorization: {key}")
    log.bug(caught.value)
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    first, second = map(json.loads, lines)
    assert (first["run_key"], first["stage"], first["level"], first["left"]) == ("r", "fetch", "WARNING", None)
    assert "nothing" not in first
    assert "ValueError" in " ".join(second["traceback"])
    for secret in (key, "hunter2", "\\u001b"):
        assert secret not in out.getvalue()


def test_a_store_that_is_lost_with_the_function_is_refused(tmp_path: Path) -> None:
    """In Lambda a folder beside the configuration is none; S3, or a file system by its absolute path, is."""
    config = tmp_path / "scaler.yaml"
    config.write_text(
        "version: 1\nworkloads:\n  shop:\n    target: {asg: shop}\n    load: {file: {path: h.csv, period: 15m}}\n"
        "    capacity: {throughput: {m7i.large: 10/s}}\n    limits: {min: 1, max: 9}\n"
    )

    def read(store: str | None, in_lambda: bool):
        return read_project(str(config), None, store=store, in_lambda=in_lambda)  # type: ignore[arg-type]

    with pytest.raises(ConfigurationError, match="would be lost"):
        read(None, True)
    assert read(None, False).config.store == "forecasts/"
    assert read("s3://acme/p", True).config.store == "s3://acme/p"
    assert read(str(tmp_path), True).config.store == str(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        read("gs://acme/p", True)


@pytest.mark.emulator
def test_a_configuration_that_cannot_be_put_down_is_no_bug(fleet, monkeypatch, tmp_path: Path) -> None:
    """A temporary folder that is full, or gone: what, why and next step name it, and nothing is left of it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(Failed, match=r"scaler\.yaml cannot be kept") as caught:
        read_project(fleet.environment["SCALER_CONFIG"], fleet.clients, store=None, in_lambda=True)
    assert "gone" in caught.value.why
    assert "TMPDIR" in caught.value.next_step
    small = tmp_path / "small"
    small.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(small))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(Failed, match="cannot be kept"):
            read_project(fleet.environment["SCALER_CONFIG"], fleet.clients, store=None, in_lambda=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert not [path for path in small.rglob("*") if path.is_file()]


def test_a_request_is_frozen() -> None:
    """Values between stages do not change."""
    request = asked({})
    assert replace(request, mode="apply") != request
