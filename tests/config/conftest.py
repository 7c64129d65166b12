from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scaler.config import load_config
from scaler.errors import ConfigurationError

WEB = """\
version: 1
defaults:
  history: {lookback: 14d}
workloads:
  web:
    target: {asg: web}
    load:
      cloudwatch: {namespace: AWS/ApplicationELB, metric: RequestCount, statistic: Sum, period: 5m}
      missing: zero
    capacity:
      throughput: {m7i.large: 450/s, c7i.large: 520/s}
    limits: {min: 2, max: 120}
"""


@pytest.fixture
def web() -> str:
    """A small configuration that is right."""
    return WEB


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[str | bytes], ConfigurationError]:
    """What a text is refused with."""

    def refuse(text: str | bytes) -> ConfigurationError:
        path = tmp_path / "scaler.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ConfigurationError) as caught:
            load_config(path)
        error = caught.value
        assert error.exit_code == 78
        assert error.file == str(path)
        for line in (error.what, error.why, error.next_step, error.key or "-"):
            assert line
            assert line.isprintable()
        return error

    return refuse
