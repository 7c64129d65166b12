"""A whole fleet from a CloudWatch that pages, refuses and throttles by the documented rates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.benches.fetch import LATER, MAIN_FLEET, calls_and_points, fetch


@pytest.mark.slow  # 3.6 million points over HTTP
def test_a_fleet_takes_the_fewest_calls_and_a_top_up_only_what_is_new(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """200 workloads of 63 days at 5 minutes: calls at the lower bound, never throttled, in bounded memory.

    An hour later, only the new hour and the overlap are asked for.
    """
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    first = fetch(tmp_path, MAIN_FLEET, now)
    later = fetch(tmp_path, MAIN_FLEET, now + LATER)

    figures = {figure.name: figure.value for figure in calls_and_points(MAIN_FLEET, first, later)}
    for name, value in figures.items():
        record_property(name, value)
    assert figures["calls"] == figures["calls_lower_bound"] == 36
    assert figures["topup_calls"] == figures["topup_calls_lower_bound"] == 1
    assert figures["topup_points_over_new"] == 1
    assert first["points"] == first["askable"]
    assert first["throttled"] == later["throttled"] == 0
    assert max(first["peak_mb"], later["peak_mb"]) < 500
