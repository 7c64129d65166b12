"""What Python blocks of a page take for given, and what has been done before a page is read."""

from __future__ import annotations

#: Its blocks speak of a table, of a history with its forecast, and of the day after it.
FORECASTING = """\
from datetime import UTC, datetime, timedelta
import numpy as np
import pandas as pd
from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.history.interface import Panel

frame = pd.read_csv("demand.csv", parse_dates=["ds"])
steps = np.arange(16 * 96)
wave = 200 + 80 * np.sin(2 * np.pi * steps / 96) + np.random.default_rng(1).normal(0, 4, (2, steps.size))
start = datetime(2026, 11, 2, tzinfo=UTC)
history = Panel(("a", "b"), start, 900, wave[:, : 14 * 96].copy())
forecast = PanelForecaster().forecast(
    history, horizon_steps=96, quantiles=(0.05, 0.5, 0.95), timezones=("UTC",) * 2, models=("auto",) * 2
)
last_day = Panel(("a", "b"), start + timedelta(days=13, hours=1), 900, wave[:, 13 * 96 + 4 : 14 * 96 + 4].copy())
"""

#: Its block has samples of two pools, and a need for each of their minutes.
SPOT = """\
import numpy as np

seconds_a = seconds_b = np.arange(0, 3 * 86_400, 60)
nodes_a = np.where(seconds_a // 3600 % 12 == 5, 0, 4)
nodes_b = np.where(seconds_b // 3600 % 7 == 3, 0, 4)
need = np.full(seconds_a.size, 8)
"""

#: Its blocks have demand by the minute, and what a policy asked for.
REPLAY = """\
from types import SimpleNamespace
import numpy as np
from scaler.replay.interface import Conditions, Reactive
from scaler.replay.judge import todays

minutes = np.arange(14 * 1440)
noise = np.random.default_rng(1).lognormal(0, 0.03, minutes.size)
per_minute = 2_000 * (1.5 + np.sin(2 * np.pi * minutes / 1440)) * noise

samples = {"a": (minutes * 60, np.full(minutes.size, 9)), "b": (minutes * 60, np.where(minutes // 60 % 9 == 4, 0, 9))}
trace = SimpleNamespace(load=per_minute / 450)
made = SimpleNamespace(first=0)
outcome = SimpleNamespace(wanted=np.ceil(trace.load / 0.7).astype(np.int64))
"""

#: The busy nodes of a cluster, as Prometheus would export them.
NODES = (
    'python -c \'import csv, sys; rows = list(csv.reader(open("history.csv")));'
    ' csv.writer(open("nodes.csv", "w")).writerows([rows[0]]'
    ' + [["nodes", at, float(y) / 40_000] for name, at, y in rows[1:] if name == "web"])\''
)
