"""The handler through Lambda's own runtime interface client, on the emulator."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.emulator


def test_first_event_plans_and_applies_and_the_same_event_writes_nothing(fleet) -> None:
    """Row 35: one event changes capacity; the same event again, in the same process or another, writes nothing."""
    event = {"mode": "apply", "scheduled_time": "2026-11-21T18:00:00Z", "execution_id": "a"}
    with fleet.function() as function:
        first = function.invoke(event).summary
        print(function.log)
        assert (first["status"], first["exit_code"], first["repeated"]) == ("done", 0, False)
