"""``scaler run`` as it is typed: one update or many, two at once, signals, JSON lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scaler.cli.main import main
from scaler.history.folder_store import FolderStore
from scaler.history.lock import Holder, Lease
from scaler.pipeline.rolling import lock_of

CONFIG = """\
version: 1
defaults: {forecast: {model: panel}, history: {lookback: 8d}}
workloads:
  shop:
    target: {asg: shop}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 10/s}, lead_time: 5m}
    limits: {min: 1, max: 60}
    live: {min_size: 2, max_size: 60, desired_size: 18}
outputs: {tfvars: scaler.auto.tfvars.json}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A project that needs no AWS, its history up to now."""
    end = int(datetime.now(UTC).timestamp()) // 900 * 900
    times = np.arange(end - 9 * 86_400, end, 900)
    rate = 900 * (100 + 60 * np.cos(times / 86_400 * 2 * np.pi)) + np.arange(times.size) % 7
    rows = [
        f"shop,{datetime.fromtimestamp(int(t), UTC):%Y-%m-%dT%H:%M:%SZ},{v:.1f}"
        for t, v in zip(times, rate, strict=True)
    ]
    (tmp_path / "history.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
    (tmp_path / "scaler.yaml").write_text(CONFIG)
    return tmp_path / "scaler.yaml"


def run(config: Path, *arguments: str) -> int:
    """``scaler run``."""
    return main(["run", "--config", str(config), "--offline", *arguments])


def test_one_shots_make_a_full_plan_first_and_updates_after(config, capsys):
    """As from cron: the first makes the plan, its record and its state; the next is one line of JSON of an update."""
    assert run(config, "--rolling", "--format", "json") == 0
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    first = json.loads(line)
    assert (first["kind"], first["outcome"], first["exit_code"]) == ("full", "done", 0)
    assert "making a full plan: there is none yet" in err
    (record,) = (config.parent / "forecasts/records").glob("*/record.json")
    record = json.loads(record.read_text())
    assert record["plan_id"] == first["full_plan_id"]
    assert record["command"] == "run"
    assert run(config, "--rolling", "--format", "json", "--quiet") == 0
    out, err = capsys.readouterr()
    second = json.loads(out)
    assert second["kind"] == "update"
    assert second["full_plan_id"] == first["full_plan_id"]
    assert err == ""
    document = json.loads((config.parent / "scaler.auto.tfvars.json").read_text())
    assert document["scaler_meta"]["plan_id"] == second["plan_id"]
    assert document["scaler_workloads"]["shop"]["schedules"]
    assert len(list((config.parent / "forecasts/rolling/ticks").iterdir())) in (1, 2)
    assert main(["plan", "--config", str(config), "--reproduce", record["run"], "--quiet"]) == 0


def test_a_changed_configuration_and_a_plain_run_make_a_new_full_plan(config, capsys):
    """An update never mixes two configurations."""
    assert run(config, "--quiet") == 0
    config.write_text(config.read_text().replace("10/s", "5/s"))
    assert run(config, "--rolling", "--format", "json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])["kind"] == "full"
    assert "the configuration has changed" in err
    assert run(config, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "full"


def test_people_read_what_moved_and_what_was_left_alone(config, capsys):
    """A line for the update and one for each workload; a source that has stopped is an exit code of 3."""
    assert run(config) == 0
    out = capsys.readouterr().out
    assert "full: 1 changes" in out
    assert "shop: minimum 2 → " in out
    lines = (config.parent / "history.csv").read_text().splitlines()
    (config.parent / "history.csv").write_text("\n".join(lines[:-30]) + "\n")
    before = (config.parent / "scaler.auto.tfvars.json").read_bytes()
    assert run(config, "--rolling") == 3
    assert "shop: left alone: shop: the newest point is" in capsys.readouterr().out
    schedules = [json.loads(text)["scaler_workloads"]["shop"]["schedules"] for text in
                 (before, (config.parent / "scaler.auto.tfvars.json").read_bytes())]  # fmt: skip
    assert schedules[1].items() <= schedules[0].items()


@pytest.mark.parametrize("workloads", [1, 2])
def test_each_refusal_of_a_full_plan_is_printed_once(config, capsys, workloads):
    """Where no workload can be planned its reason ends the run as well, and is still said no more than once."""
    text = CONFIG + "guardrails: {max_refused: 100%}\n"
    if workloads == 2:
        block = CONFIG.partition("workloads:\n")[2].partition("outputs:")[0]
        text = text.replace(block, block + block.replace("shop", "stall"))
    config.write_text(text)
    rows = (config.parent / "history.csv").read_text().splitlines()[:-96]
    (config.parent / "history.csv").write_text("\n".join([*rows, *(r.replace("shop", "stall") for r in rows[1:])]))
    assert run(config, "--quiet") == 3
    err = capsys.readouterr().err
    assert [line.partition(": the newest point is ")[0] for line in err.splitlines() if "error: " in line] == [
        "error: shop",
        "error: stall",
    ][:workloads]


def test_a_second_runner_is_refused_with_owner_and_age(config, capsys):
    """Row 31: 3, the lock intact; by its id it is freed by hand."""
    store = FolderStore(config.parent / "forecasts")
    Lease(store, Holder("abc123", "ann@build-7"), lambda: datetime.now(UTC) - timedelta(minutes=2), lock_of(None))
    lock = (config.parent / "forecasts/rolling/lock.json").read_bytes()
    assert run(config, "--rolling") == 3
    err = capsys.readouterr().err
    assert "ann@build-7 runs scaler on" in err
    assert "for 2 min" in err
    assert "scaler run --unlock abc123" in err
    assert (config.parent / "forecasts/rolling/lock.json").read_bytes() == lock
    assert not (config.parent / "scaler.auto.tfvars.json").exists()
    assert run(config, "--rolling", "--unlock", "abc123") == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_loop_with_130_and_frees_the_lock(config, number):
    """While it waits for its next update: at once, and the next runner finds the place free."""
    command = [sys.executable, "-m", "scaler.cli.main", "run", "--config", str(config), "--offline", "--every", "1h"]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(
        [*command, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert line["outcome"] == "done"
        time.sleep(0.2)
        process.send_signal(number)
        rest, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert rest == ""
    assert "Traceback" not in err
    lock = json.loads((config.parent / "forecasts/rolling/lock.json").read_text())
    assert lock["held"] is False


def test_wrong_words_are_refused_before_anything_is_read(tmp_path, capsys):
    """64 for what makes no sense, whatever the configuration says."""
    missing = tmp_path / "nowhere.yaml"
    assert run(missing, "--apply") == 64
    assert "--offline leaves AWS alone" in capsys.readouterr().err
    assert run(missing, "--every", "7m") == 64


@pytest.mark.parametrize("schedule", ["weekly", "both"])
def test_a_recurring_profile_and_rolling_mode_do_not_go_together(config, schedule, capsys):
    """78: the profile's slots would undo what an update moves."""
    config.write_text(config.read_text() + f"plan: {{schedule: {schedule}}}\n")
    assert run(config, "--rolling") == 78
    assert "plan.schedule" in capsys.readouterr().err
