"""What the world answers, written down and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.aws.interface import AccessDenied
from scaler.errors import Failed, Refused
from scaler.history.interface import StaleHistory
from scaler.record.codec import error_of, error_record, lively, plain, points_of, points_record, squeezed, unsqueezed
from scaler.record.packs import digest_of
from scaler.record.witness import call_key
from scaler.sources.interface import Points

MOMENTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | MOMENTS | st.floats(allow_nan=False)
ANSWERS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key not in ("$time", "$bytes")), inner)
    ),
)


@settings(max_examples=60, deadline=None)
@given(ANSWERS)
def test_answers_come_back_as_they_were(answer):
    """Through JSON, with times and bytes; what holds secrets is left out."""
    secret = {"environment", "secrets", "userdata", "secretstring", "environmentvariables"}

    def without(value):
        if isinstance(value, dict):
            return {k: without(v) for k, v in value.items() if k.lower() not in secret and k != "ResponseMetadata"}
        return [without(each) for each in value] if isinstance(value, list) else value

    assert lively(json.loads(json.dumps(plain(answer), allow_nan=True))) == without(answer)


def test_members_that_hold_secrets_are_not_written():
    """However deep they stand, and however they are spelt."""
    answer = {"Task": [{"Environment": {"KEY": "canary"}, "UserData": "canary", "secrets": ["canary"], "name": "web"}]}
    assert plain(answer) == {"Task": [{"name": "web"}]}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4 * 86_400), st.floats(allow_nan=False, allow_infinity=False)),
        unique_by=lambda p: p[0],
    )
)
def test_points_come_back_from_their_days_and_a_day_is_kept_once(pairs):
    """Bit for bit; what did not change since has the digest that it had."""
    kept: dict[str, bytes] = {}

    def add(data: bytes) -> str:
        kept[digest_of(data)] = data
        return digest_of(data)

    pairs = sorted(pairs)
    points = Points(np.array([t for t, _ in pairs], np.int64), np.array([v for _, v in pairs], np.float64), ("note",))
    record = json.loads(json.dumps(points_record(points, add)))
    back = points_of(record, kept.__getitem__)
    assert np.array_equal(back.times, points.times)
    assert back.values.tobytes() == points.values.tobytes()
    assert back.notes == points.notes
    longer = Points(np.append(points.times, 9 * 86_400), np.append(points.values, 1.0))
    assert points_record(longer, add)["days"][:-1] == record["days"]


def test_errors_come_back_as_the_class_that_they_were():
    """With their words and exit codes; where the class is gone, as one of the same exit code."""
    for error in (
        AccessDenied("no", why="not allowed", next_step="ask"),
        StaleHistory("old", why="two hours", next_step="look"),
    ):
        back = error_of(json.loads(json.dumps(error_record(error))))
        assert type(back) is type(error)
        assert (str(back), back.why, back.next_step, back.exit_code) == (
            str(error), error.why, error.next_step, error.exit_code,
        )  # fmt: skip
    gone = error_record(Refused("x", why="y", next_step="z"))
    assert type(error_of({**gone, "class": "scaler.nowhere:Gone"})) is Refused
    assert type(error_of({**gone, "class": "os:system", "code": 1})) is Failed


def test_calls_are_told_apart_by_what_they_ask():
    """The order of parameters does not matter, their values do."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    one = call_key("ec2", "Describe", "eu-west-1", {"A": [1, 2], "B": moment})
    assert one == call_key("ec2", "Describe", "eu-west-1", {"B": moment, "A": [1, 2]})
    assert one != call_key("ec2", "Describe", "eu-west-1", {"B": moment + timedelta(seconds=1), "A": [1, 2]})
    assert one != call_key("ec2", "Describe", None, {"A": [1, 2], "B": moment})


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=5_000))
def test_squeezing_is_undone_and_has_no_time_in_it(data):
    """Equal documents give equal bytes."""
    assert unsqueezed(squeezed(data)) == data
    assert squeezed(data) == squeezed(data)
