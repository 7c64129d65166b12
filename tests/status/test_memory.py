"""Drift as it is kept between runs: what a plan is told, and when it is over."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scaler.config.models import Config
from scaler.config.resolved import Project
from scaler.history.folder_store import FolderStore
from scaler.history.store import StoreChanged
from scaler.pipeline.status_memory import KEY, keep_drift, kept_drift
from scaler.pipeline.status_plans import refit_due
from scaler.status.interface import Drift, WorkloadStatus

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TWO_DAYS = timedelta(days=2)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path):
    """A folder."""
    return FolderStore(tmp_path)


def calm(name, checked=("inputs",)):
    """A workload that was looked at and has no drift."""
    return WorkloadStatus(name, "/s", NOW, drift_checked=checked)


def drifted(name, *, why="twice the usual"):
    """A workload with drift."""
    drift = Drift(name, "inputs", "level", NOW - HOUR, 9.0, 4.0, why)
    return replace(calm(name), drift=(drift,))


def kept(store, at=NOW):
    """What a plan of that moment knows."""
    return kept_drift(store, as_of=at, alarm_for=TWO_DAYS)


def keep(store, *workloads, at=NOW):
    """What a status of that moment keeps."""
    keep_drift(store, workloads, as_of=at, alarm_for=TWO_DAYS)


def test_nothing_is_written_where_nothing_has_drifted(store):
    """A check of a quiet fleet leaves the store as it was."""
    keep(store, calm("a"), calm("b"))
    assert store.read(KEY) is None
    assert kept(store) == ({}, None)


def test_drift_is_known_until_it_is_over(store):
    """For two days after the last status that found it; an earlier plan does not see it."""
    keep(store, drifted("a"), calm("b"))
    assert kept(store)[0].keys() == {"a"}
    assert kept(store)[0]["a"].why == "inputs since 2026-02-28T23:00Z: twice the usual"
    assert kept(store, NOW + TWO_DAYS)[0].keys() == {"a"}
    assert kept(store, NOW + TWO_DAYS + HOUR) == ({}, None)
    assert kept(store, NOW - HOUR) == ({}, None)


def test_looked_at_without_drift_it_is_dropped_and_otherwise_it_stays(store):
    """A source that does not answer is no all-clear; nor is a status of other workloads."""
    keep(store, drifted("a"), drifted("b"), drifted("c"))
    keep(store, calm("a"), calm("b", checked=()), at=NOW + HOUR)
    assert kept(store, NOW + HOUR)[0].keys() == {"b", "c"}


def test_one_kind_of_drift_is_not_over_because_there_is_none_of_the_other(store):
    """Errors drifted, and now they cannot be looked for: what is known of inputs says nothing of them."""
    (inputs,) = drifted("a").drift
    keep(store, replace(calm("a"), drift=(replace(inputs, kind="errors"),), drift_checked=("inputs", "errors")))
    keep(store, calm("a", checked=("inputs",)), at=NOW + HOUR)
    assert kept(store, NOW + HOUR)[0].keys() == {"a"}
    keep(store, calm("a", checked=("inputs", "errors")), at=NOW + 2 * HOUR)
    assert kept(store, NOW + 2 * HOUR) == ({}, None)


def test_an_older_moment_does_not_undo_a_newer_one(store):
    """A status of last week, run today, leaves what today's has found."""
    keep(store, drifted("a"))
    keep(store, calm("a"), at=NOW - 7 * timedelta(days=1))
    assert kept(store)[0].keys() == {"a"}


def test_an_alarm_that_goes_on_was_found_when_it_began(store):
    """So that rolling mode fits anew once, and not after every status."""
    keep(store, drifted("a"))
    keep(store, drifted("a"), at=NOW + 6 * HOUR)
    found = kept(store, NOW + 6 * HOUR)[0]["a"]
    assert (found.found_at, found.as_of) == (NOW, NOW + 6 * HOUR)
    keep(store, drifted("a"), at=NOW + timedelta(days=9))
    assert kept(store, NOW + timedelta(days=9))[0]["a"].found_at == NOW + timedelta(days=9)


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"{", b"[]", b'{"schema_version": "2.0", "workloads": {}}', b'{"schema_version": "1.0", "workloads": []}',
        b'{"schema_version": "1.0", "workloads": {"a": {"found_at": "x", "as_of": "y", "why": "z"}}}',
        b'{"schema_version": "1.0", "workloads": {"a": {"found_at": "2026-03-01", "as_of": "2026-03-01", "why": ""}}}',
        b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_written_anew(store, damage):
    """A plan says that drift is not known; the next status mends it, also if it finds nothing."""
    store.write(KEY, damage)
    keep(store, calm("a"))
    assert kept(store) == ({}, None)
    store.write(KEY, damage, expected=store.read(KEY).version)
    found, why = kept(store)
    assert found == {}
    assert "cannot be read" in why
    keep(store, drifted("b"))
    assert kept(store)[0].keys() == {"b"}
    assert kept(store)[1] is None


def test_two_writers_do_not_lose_each_other(store):
    """One that comes in between is read again and merged."""

    class Interrupted:
        def __init__(self):
            self.times = 0

        def read(self, key):
            return store.read(key)

        def write(self, key, data, *, expected=None):
            if not self.times:
                self.times += 1
                keep(store, drifted("other"))
            return store.write(key, data, expected=expected)

    keep(Interrupted(), drifted("mine"))
    assert kept(store)[0].keys() == {"mine", "other"}


def test_a_writer_that_never_gets_its_turn_says_so(store):
    """After a few attempts it is the caller's to tell; what stands is whole."""

    class Contested:
        def read(self, key):
            return store.read(key)

        def write(self, key, data, *, expected=None):
            raise StoreChanged("drift", why="contested", next_step="later")

    with pytest.raises(StoreChanged):
        keep(Contested(), drifted("mine"))
    assert store.read(KEY) is None


def test_texts_of_the_store_are_one_safe_line(store):
    """Whoever can write the store cannot write into a terminal."""
    keep(store, drifted("a"))
    document = json.loads(store.read(KEY).data)
    document["workloads"]["a"]["why"] = "red \x1b[31m\nand more"
    store.write(KEY, json.dumps(document).encode())
    why = kept(store)[0]["a"].why
    assert "\x1b" not in why
    assert "\n" not in why


def test_rolling_mode_fits_anew_once_for_each_drift(store, tmp_path):
    """After a full plan from before the drift was found, and not where plans are to do nothing about it."""

    def project(on_drift):
        config = {
            "version": 1, "status": {"on_drift": on_drift},
            "workloads": {"a": {
                "target": {"asg": "a"}, "limits": {"min": 1, "max": 2}, "capacity": {"throughput": {"m7i.large": 1}},
                "load": {"file": {"path": "x.csv", "statistic": "Average", "period": "1h"}},
            }},
        }  # fmt: skip
        return Project(Config.model_validate(config), tmp_path)

    keep(store, drifted("a"), drifted("of another configuration"))
    before, after = NOW - HOUR, NOW + HOUR
    assert refit_due(project("refit"), store, last=before, now=after) == "scaler status has found drift of a"
    assert refit_due(project("fallback"), store, last=before, now=after) is not None
    assert refit_due(project("report"), store, last=before, now=after) is None
    assert refit_due(project("refit"), store, last=after, now=after) is None
