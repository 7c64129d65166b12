"""The alarms of the scheduler module watch figures that runs in Lambda really write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ALARMS = Path(__file__).parents[2] / "terraform" / "modules" / "scheduler" / "alarms.tf"


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["plan", "apply", "run"])
def test_an_alarm_watches_a_figure_that_is_written(mode: str, collected: dict[str, Any]) -> None:
    """By name, and by exactly the dimensions that the alarm gives: CloudWatch adds up no others."""
    blocks = re.findall(r'^resource "aws_cloudwatch_metric_alarm" .*?^\}', ALARMS.read_text(), re.MULTILINE | re.DOTALL)
    watched = {re.search(r'metric_name += "(\w+)"', block)[1]: re.search(r"dimensions += \{ (.*) \}", block)[1]
               for block in blocks if re.search(r'namespace += "scaler"', block)}  # fmt: skip
    assert set(watched) == {"scaler_run_exit_code", "scaler_run_refused_workloads", "scaler_run_degraded_workloads"}
    written = {(name, tuple(names)) for command, name, names in collected["figures"] if command == mode}
    for name, given in watched.items():
        assert (name, tuple(sorted(re.findall(r"(\w+) =", given)))) in written
