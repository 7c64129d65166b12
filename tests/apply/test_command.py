"""``scaler apply`` as it is typed: what it refuses, what it prints, and real SIGKILLs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from scaler.history.folder_store import FolderStore
from scaler.history.lock import read_lock
from scaler.plan.seal import encode
from tests.apply.builders import group, part, plan_of, sealed
from tests.apply.conftest import environment

pytestmark = pytest.mark.emulator

FORTY = [f"w{number:02}" for number in range(40)]


@pytest.fixture
def project(tmp_path):
    """A folder with a configuration that names forty workloads."""
    workload = (
        "target: {{asg: {name}-asg}}, load: {{file: {{path: h.csv, statistic: Sum, period: 15m}}}}, "
        "capacity: {{throughput: {{m7i.large: 100/s}}}}, limits: {{min: 1, max: 20}}"
    )
    lines = [f"  {name}: {{{workload.format(name=name)}}}" for name in FORTY]
    text = "\n".join(["version: 1", "defaults: {region: us-east-1}", "workloads:", *lines, ""])
    (tmp_path / "scaler.yaml").write_text(text)
    return tmp_path


def scaler(aws, project, *arguments, **extra):
    """Run the program in the project's folder."""
    return subprocess.run(
        [sys.executable, "-m", "scaler.cli.main", "apply", *arguments],
        cwd=project, env={**environment(aws), **extra}, capture_output=True, text=True, timeout=120, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def now():
    return datetime.now(UTC).replace(microsecond=0)


def write(project, plan):
    (project / "plan.json").write_text(encode(plan))


def made(aws, name="w00", levels=(3, 3, 3, 5, 7), **given):
    """A plan of one workload for the live state."""
    start = datetime.fromtimestamp(now().timestamp() // 900 * 900, UTC)
    return sealed([part(name, levels, aws.live(name)[group(name)], start)], given.pop("at", now()), **given)


def test_diff_dry_run_apply_again_and_rollback(aws, project) -> None:
    """The dry run shows and writes nothing; then it is written, found written, taken back, and written again."""
    aws.make_groups(["w00"])
    before = aws.live("w00")
    write(project, made(aws))
    dry = scaler(aws, project, "plan.json", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "minimum 2 → 3" in dry.stdout
    assert "2 changes to 1 of 1 groups" in dry.stdout
    assert aws.live("w00") == before
    done = scaler(aws, project, "plan.json", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Done: 2 changes, each read back" in done.stdout
    after = aws.live("w00")
    assert after[group("w00")].min_size == 3
    again = scaler(aws, project, "plan.json", "--yes")
    assert "Nothing to change" in again.stdout
    (run,) = [path.name for path in (project / "forecasts" / "runs").iterdir()]
    back = scaler(aws, project, "--rollback", run, "--yes")
    assert back.returncode == 0, back.stderr
    assert aws.live("w00") == before
    assert scaler(aws, project, "--rollback", run, "--yes").returncode == 3
    assert scaler(aws, project, "plan.json", "--yes").returncode == 0
    assert aws.live("w00") == after


def test_rows_29_and_30_what_may_not_be_applied_calls_nothing(aws, project) -> None:
    """Edited, truncated, of a newer schema, expired, for another account or region: refused, both identities shown."""
    aws.make_groups(["w00"])
    before = aws.live("w00")
    good = encode(made(aws))
    edited = json.loads(good)
    edited["workloads"][0]["steps"][0]["min_size"] = 19
    newer = json.loads(good) | {"schema_version": "2.0"}
    early = now() - timedelta(hours=30)
    cases = (
        (json.dumps(edited), 3, "edited or truncated"),
        (good[: len(good) // 2], 78, "not a plan"),
        (json.dumps(newer), 78, "schema version"),
        (encode(made(aws, at=early, expires_at=early + timedelta(hours=26))), 3, "has expired"),
        (encode(made(aws, account="999999999999")), 3, "999999999999"),
        (encode(made(aws, account=None)), 3, "which account"),
    )
    for text, code, words in cases:
        (project / "plan.json").write_text(text)
        answer = scaler(aws, project, "plan.json", "--yes")
        assert (answer.returncode, words in answer.stderr) == (code, True), answer.stderr
    assert "123456789012" in scaler_error(aws, project, made(aws, account="999999999999"))
    assert "eu-west-1" in region_error(aws, project, good)
    assert aws.live("w00") == before
    assert not (project / "forecasts" / "runs").exists()


def scaler_error(aws, project, plan) -> str:
    write(project, plan)
    return scaler(aws, project, "plan.json", "--yes").stderr


def region_error(aws, project, good) -> str:
    (project / "plan.json").write_text(good)
    text = (project / "scaler.yaml").read_text()
    (project / "scaler.yaml").write_text(text.replace("us-east-1", "eu-west-1"))
    answer = scaler(aws, project, "plan.json", "--yes")
    assert answer.returncode == 3
    return answer.stderr


def test_row_28_a_stale_plan_shows_the_difference(aws, project) -> None:
    """Exit 3, "plan is stale", and what changed on stdout."""
    aws.make_groups(["w00"])
    write(project, made(aws))
    aws.raw.update_auto_scaling_group(AutoScalingGroupName="w00-asg", MinSize=4)
    answer = scaler(aws, project, "plan.json", "--yes")
    assert answer.returncode == 3
    assert "plan is stale" in answer.stderr
    assert "w00 (w00-asg): minimum is 4, was 2" in answer.stdout


def test_nobody_to_ask_is_wrong_usage(aws, project) -> None:
    """Without a terminal it takes --yes to write."""
    aws.make_groups(["w00"])
    write(project, made(aws))
    assert scaler(aws, project, "plan.json").returncode == 64
    assert scaler(aws, project).returncode == 64
    assert scaler(aws, project, "--rollback", "../../elsewhere", "--yes").returncode == 64


@pytest.mark.slow
def test_killed_for_real_three_times(aws, project) -> None:
    """SIGKILL at some change, three times over; the lock is freed by its id; the last run completes all forty.

    Slow: four processes that each read forty groups over HTTP.
    """
    aws.make_groups(FORTY)
    levels = {name: [3 + i % 4, 3 + i % 4, 3 + i % 4, 7 + i % 3, 4] for i, name in enumerate(FORTY)}
    plan = plan_of(levels, aws.live(*FORTY), now())
    write(project, plan)
    store = FolderStore(project / "forecasts")
    arguments: list[str] = []
    for kill_after in (5, 30, 55):
        process = subprocess.Popen(
            [sys.executable, "-m", "scaler.cli.main", "apply", "plan.json", "--yes", "--quiet", *arguments],
            cwd=project, env=environment(aws), stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 100
        while done(project) < kill_after and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        record, _ = read_lock(store)
        assert record is not None
        assert record.held
        blocked = scaler(aws, project, "plan.json", "--yes")
        assert blocked.returncode == 3
        assert record.id in blocked.stderr
        arguments = ["--unlock", record.id]
    last = scaler(aws, project, "plan.json", "--yes", *arguments)
    assert last.returncode == 0, last.stderr
    live = aws.live(*FORTY)
    for workload in plan.workloads:
        after = live[group(workload.name)]
        assert [(a.start, a.min_size) for a in after.actions] == [(s.start, s.min_size) for s in workload.steps[1:]]
    (run,) = (project / "forecasts" / "runs").iterdir()
    journal = json.loads((run / "journal.json").read_text())
    assert journal["state"] == "done"
    assert {"pending", "failed", "started"}.isdisjoint({change["status"] for change in journal["changes"]})


def done(project) -> int:
    """Changes that the journal says are done."""
    for journal in (project / "forecasts").glob("runs/*/journal.json"):
        return int(json.loads(journal.read_text())["counts"]["done"])
    return 0
