"""The handler through Lambda's own runtime interface client, on the emulator."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from scaler.history.lock import LockRecord
from tests.aws_lambda.conftest import BUCKET

pytestmark = pytest.mark.emulator
APPLY = {"mode": "apply", "scheduled_time": "2026-11-21T18:00:00Z", "execution_id": "a"}
KEY = "20261121T180000Z-apply-"
FALLING = "tests.aws_lambda.falling.handler"


def test_first_event_plans_and_applies_and_the_same_event_writes_nothing(fleet) -> None:
    """Row 35: one event changes capacity; the same event again, in the same process or another, writes nothing."""
    with fleet.function() as function:
        first = function.invoke(APPLY).summary
        assert (first["status"], first["exit_code"], first["repeated"]) == ("done", 0, False)
        assert first["run_key"].startswith(KEY)
        assert first["changes"] == len(fleet.proxy.writes) == sum(each["changes"] for each in first["workloads"]) > 0
        assert all(actions > 10 for _, actions in fleet.live().values())
        again = function.invoke({**APPLY, "execution_id": "b"}).summary
        assert again == {**first, "repeated": True}
        lines, figures = function.lines, function.figures
    with fleet.function() as other:
        assert other.invoke(APPLY).summary == {**first, "repeated": True}
    assert len(fleet.proxy.writes) == first["changes"]
    assert [line["message"] for line in lines if line["message"].startswith("stage")] == [
        f"stage {name}" for name in ("fetch", "live", "forecast", "plan", "record", "apply", "notify", "end")
    ]
    assert {line["run_key"] for line in lines} == {first["run_key"]}
    assert all({"time", "level", "message", "request_id"} <= set(line) for line in lines)
    of_run = next(figure for figure in figures if "scaler_run_exit_code" in figure)
    assert (of_run["command"], of_run["scaler_run_exit_code"], of_run["scaler_run_changes"]) == (
        "apply", 0, first["changes"],
    )  # fmt: skip


@pytest.mark.slow
def test_a_time_limit_in_each_stage_leaves_what_the_next_event_completes(fleet) -> None:
    """Row 36: time is over at the beginning of each stage in turn, and between two changes: 1, nothing half done.

    The same event again completes the run; over both, each change is made once.
    """
    stages = ("fetch", "live", "forecast", "plan", "record", "apply", "notify", "end")
    lines = {stage: f'"message": "stage {stage}"' for stage in stages}
    lines |= {"within fetch": "reading the history of", "between changes": '"message": "shop: '}
    with fleet.function(handler=FALLING) as function:
        for name, line in lines.items():
            fleet.reset()
            event = {"mode": "apply", "run_key": name.replace(" ", "-")}
            failed = function.invoke({**event, "fall_at": line}).failed
            assert (failed["status"], failed["exit_code"]) == ("stopped", 1), name
            before = len(fleet.proxy.writes)
            summary = function.invoke(event).summary
            assert (summary["status"], summary["attempt"]) == ("done", 2), name
            assert summary["changes"] == len(fleet.proxy.writes) >= 2, name
            assert before == {"between changes": 1, "notify": summary["changes"], "end": summary["changes"]}.get(
                name, 0
            )
            assert all(actions > 10 for _, actions in fleet.live().values()), name


def test_an_answer_that_does_not_come_ends_before_the_time_limit(fleet) -> None:
    """Row 36: what waits and looks at no clock is interrupted; the next event completes the run."""
    fleet.proxy.stalled = frozenset({"GetMetricData"})
    with fleet.function() as function:
        failed = function.invoke(APPLY, limit_seconds=10).failed
        assert (failed["status"], failed["exit_code"]) == ("stopped", 1)
        assert fleet.proxy.writes == []
        fleet.proxy.stalled = frozenset()
        fleet.proxy.go_on.set()
        assert function.invoke(APPLY).summary["status"] == "done"
        assert fleet.proxy.writes


def test_a_fleet_that_does_not_fit_is_planned_in_parts(fleet) -> None:
    """Row 36: if the forecast of both never ends within the limit, the next event plans one, keeps it, then the other.

    What is applied is one plan of the fleet.
    """
    event = {"mode": "apply", "run_key": "large", "spin": 1}
    with fleet.function(handler=FALLING) as function:
        assert function.invoke(event, limit_seconds=12).failed["status"] == "stopped"
        record = '"message": "stage record"'
        assert function.invoke({**event, "fall_at": record}).failed["status"] == "stopped"
        summary = function.invoke(event).summary
    assert (summary["status"], summary["attempt"]) == ("done", 3)
    assert [(each["name"], each["changes"] > 0) for each in summary["workloads"]] == [("shop", True), ("web", True)]
    assert len(fleet.proxy.writes) == summary["changes"]
    assert len([key for key in fleet.keys("unattended/large/") if "/part-" in key]) == 2


@pytest.mark.slow
def test_killed_in_each_stage_the_next_event_completes(fleet) -> None:
    """Killed without warning while it fetches, forecasts, between changes, before it tells.

    The claim and the locks of the dead are taken over; over both attempts each change is made once.
    """
    lines = {name: f'"message": "stage {name}"' for name in ("forecast", "notify")}
    lines |= {"within-fetch": "reading the history of", "between-changes": '"message": "shop: '}
    function = fleet.function(handler=FALLING, SCALER_CLAIM_SECONDS="2").__enter__()
    try:
        for name, line in lines.items():
            fleet.reset()
            event = {"mode": "apply", "run_key": f"killed-{name}"}
            function.killed({**event, "kill_at": line})
            function.__exit__()
            before = len(fleet.proxy.writes)
            function = fleet.function(handler=FALLING, SCALER_CLAIM_SECONDS="2").__enter__()
            summary = function.invoke(event).summary
            assert (summary["status"], summary["attempt"]) == ("done", 2), function.log
            assert summary["changes"] == len(fleet.proxy.writes) >= 2, name
            assert before == {"between-changes": 1, "notify": summary["changes"]}.get(name, 0), name
    finally:
        function.__exit__()


def test_of_two_duplicates_at_once_one_writes(fleet) -> None:
    """Row 35: the same event in two processes at the same time: one of them writes, the other leaves quietly."""
    fleet.proxy.stalled = frozenset({"BatchPutScheduledUpdateGroupAction"})
    with fleet.function(SCALER_CLAIM_SECONDS="8") as one, fleet.function(SCALER_CLAIM_SECONDS="8") as two:
        first = one.send(APPLY)
        fleet.proxy.wait_for("BatchPutScheduledUpdateGroupAction")
        second = two.invoke(APPLY).summary
        assert (second["status"], second["exit_code"]) == ("duplicate", 0)
        fleet.proxy.stalled = frozenset()
        fleet.proxy.go_on.set()
        assert first.over.wait(120)
        assert first.summary["status"] == "done"
        assert len(fleet.proxy.writes) == first.summary["changes"] >= 2


def test_one_workload_in_doubt_does_not_keep_the_others(fleet) -> None:
    """A workload without data is refused by name; the others are applied. 3 is an answer, no failure."""
    outputs = "outputs: {tfvars: infra/scaler.auto.tfvars.json}\n"
    fleet.configure(names=("ghost", "shop", "web"), more=f"metrics: {{project: acme}}\n{outputs}")
    with fleet.function() as function:
        summary = function.invoke(APPLY).summary
        figures = [figure for figure in function.figures if "scaler_run_refused_workloads" in figure]
    assert (summary["status"], summary["exit_code"]) == ("refused", 3)
    assert summary["changes"] == len(fleet.proxy.writes)
    found = {each["name"]: (each["status"], each["changes"] > 0) for each in summary["workloads"]}
    assert found == {"ghost": ("refused", False), "shop": ("changed", True), "web": ("changed", True)}
    assert any("datapoints" in reason for reason in summary["workloads"][0]["reasons"])
    assert fleet.keys("outputs/") == []
    assert [(f["project"], f["scaler_run_refused_workloads"], f["scaler_run_exit_code"]) for f in figures] == [
        ("acme", 1, 3)
    ]


def test_so_many_in_doubt_that_the_fault_is_a_common_one_keep_all(fleet) -> None:
    """More than ``guardrails.max_refused``: nothing is written, and the answer says why."""
    ghosts = tuple(f"ghost-{number}" for number in range(5))
    fleet.configure(names=(*ghosts, "shop"))
    with fleet.function() as function:
        summary = function.invoke(APPLY).summary
    assert (summary["status"], summary["exit_code"], summary["changes"]) == ("refused", 3, 0)
    assert summary["error"]["what"]
    assert fleet.proxy.writes == []


def test_a_write_that_is_denied_does_not_keep_the_others(fleet) -> None:
    """One group may not be written to, the other is; the failure names it, and once it is mended a retry completes."""
    fleet.proxy.denied = "shop"
    with fleet.function() as function:
        failed = function.invoke(APPLY).failed
        assert (failed["status"], failed["exit_code"]) == ("failed", 1)
        found = {each["name"]: (each["status"], each["changes"] > 0) for each in failed["workloads"]}
        assert found == {"shop": ("failed", False), "web": ("changed", True)}
        assert "autoscaling:BatchPutScheduledUpdateGroupAction" in failed["workloads"][0]["reasons"][0]
        assert fleet.live()["shop"] == (2, 0)
        assert fleet.live()["web"][1] > 10
        fleet.proxy.denied = None
        summary = function.invoke(APPLY).summary
    assert (summary["status"], summary["attempt"]) == ("done", 2)
    assert summary["plan_id"] == failed["plan_id"]
    assert summary["changes"] == len(fleet.proxy.writes)
    assert fleet.live()["shop"][1] > 10


def test_a_plan_is_made_looked_at_and_applied_by_another_function(fleet) -> None:
    """Mode plan writes no capacity and keeps the plan and its documents; mode apply with that plan makes none."""
    fleet.configure(more="outputs: {tfvars: infra/scaler.auto.tfvars.json}\n")
    with fleet.function() as function:
        planned = function.invoke({"run_key": "seen"}).summary
        assert (planned["mode"], planned["status"], planned["changes"]) == ("plan", "done", 0)
        assert fleet.proxy.writes == []
        assert {"unattended/seen/plan.json", "outputs/scaler.auto.tfvars.json"} <= set(fleet.keys())
        place = f"s3://{BUCKET}/forecasts/unattended/seen/plan.json"
        other = function.invoke({"run_key": "seen", "mode": "apply"}).failed
        assert (other["exit_code"], other["status"]) == (64, "failed")  # not answered with what the plan came to
        assert "is that of another run" in other["error"]["what"]
        asked = fleet.proxy.operations.count("GetMetricData")
        other = function.invoke({"mode": "apply", "plan": place, "plan_id": "0" * 64}).summary
        assert (other["status"], other["exit_code"], other["changes"]) == ("refused", 3, 0)
        assert other["error"]["what"] == "the plan is not the one that was approved"
        assert fleet.proxy.writes == []
        applied = function.invoke({"mode": "apply", "plan": place, "plan_id": planned["plan_id"]}).summary
        assert (applied["status"], applied["plan_id"]) == ("done", planned["plan_id"])
        assert fleet.proxy.operations.count("GetMetricData") == asked
        edited = fleet.s3.get_object(Bucket=BUCKET, Key="forecasts/unattended/seen/plan.json")["Body"].read()
        fleet.s3.put_object(Bucket=BUCKET, Key="edited.json", Body=edited.replace(b'"max_size": 60', b'"max_size": 61'))
        refused = function.invoke({"mode": "apply", "plan": f"s3://{BUCKET}/edited.json"}).summary
        assert (refused["status"], refused["exit_code"]) == ("refused", 3)
        assert "edited or truncated" in refused["error"]["what"]
    assert len(fleet.proxy.writes) == applied["changes"] >= 2


def test_a_plan_of_another_configuration_is_not_written_by_a_retry(fleet) -> None:
    """Stopped before it wrote; what somebody mends in the meantime holds: the next event plans anew."""
    event = {"mode": "apply", "run_key": "mended"}
    with fleet.function(handler=FALLING) as function:
        stopped = function.invoke({**event, "fall_at": '"message": "stage apply"'}).failed
        assert (stopped["status"], len(stopped["workloads"])) == ("stopped", 2)
        fleet.configure(names=("web",))
        summary = function.invoke(event).summary
    assert (summary["status"], summary["attempt"]) == ("done", 2)
    assert summary["plan_id"] != stopped["plan_id"]
    assert {each["name"] for each in summary["workloads"]} == {"web"}
    assert fleet.live()["shop"] == (2, 0)
    assert fleet.live()["web"][1] > 10


def test_an_update_of_rolling_mode(fleet) -> None:
    """Mode run moves floors as scaler run does; the same event again moves nothing. A locked store is no answer."""
    fleet.configure(model="panel")
    with fleet.function() as function:
        now = datetime.now(UTC)
        fleet.hold(LockRecord("0123456789ab", "ann@build-7", True, now, now + timedelta(minutes=5)))
        busy = function.invoke({"mode": "run", "run_key": "tick"}).summary
        assert (busy["status"], busy["exit_code"]) == ("refused", 3)
        assert "ann@build-7" in busy["error"]["what"]
        fleet.hold(LockRecord("0123456789ab", "ann@build-7", False, now, now))
        first = function.invoke({"mode": "run", "run_key": "tick"}).summary
        assert (first["repeated"], first["attempt"], first["error"]) == (False, 2, None)
        assert first["exit_code"] in (0, 3), first
        assert first["changes"] == len(fleet.proxy.writes) > 0
        assert {each["name"] for each in first["workloads"]} == {"shop", "web"}
        assert function.invoke({"mode": "run", "run_key": "tick"}).summary == {**first, "repeated": True}
        assert len(fleet.proxy.writes) == first["changes"]


@pytest.mark.slow
def test_an_update_that_is_cut_off_is_completed_by_the_next_event(fleet) -> None:
    """Mode run: the full plan stands, and the update behind it ends or is killed at each step in turn.

    The next event goes on with that full plan; over all attempts the writes are those of an update that nothing
    stops.
    """
    fleet.configure(model="panel")
    lines = {name: f'"message": "stage {name}"' for name in ("fetch", "apply", "notify", "end")}
    lines["between changes"] = '"message": "shop: '
    cases = [("fall_at", name) for name in lines] + [("kill_at", "between changes")]
    function = fleet.function(handler=FALLING, SCALER_CLAIM_SECONDS="2").__enter__()
    try:
        whole = function.invoke({"mode": "run", "run_key": "whole"}).summary
        assert whole["changes"] == len(fleet.proxy.writes) >= 2, whole
        expected = sorted(fleet.proxy.writes)
        for how, name in cases:
            fleet.reset()
            fleet.forget("rolling/")
            event = {"mode": "run", "run_key": f"{how}-{name}".replace(" ", "-")}
            assert function.invoke({**event, "fall_at": lines["apply"]}).failed["status"] == "stopped", name
            assert fleet.proxy.writes == [], name
            full = fleet.full_plan()
            if how == "kill_at":
                function.killed({**event, how: lines[name]})
                function.__exit__()
                function = fleet.function(handler=FALLING, SCALER_CLAIM_SECONDS="2").__enter__()
            else:
                failed = function.invoke({**event, how: lines[name]}).failed
                assert (failed["status"], failed["exit_code"]) == ("stopped", 1), name
            before = len(fleet.proxy.writes)
            assert before == {"between changes": 1, "notify": len(expected), "end": len(expected)}.get(name, 0), name
            summary = function.invoke(event).summary
            assert (summary["status"], summary["attempt"]) == (whole["status"], 3), (name, function.log)
            assert sorted(fleet.proxy.writes) == expected, name
            assert fleet.full_plan() == full, name
            assert function.invoke(event).summary == {**summary, "repeated": True}, name
    finally:
        function.__exit__()


def test_a_store_that_ignores_conditions_is_no_store_for_a_claim(fleet) -> None:
    """A proxy before the bucket strips the conditions: each mode fails before it asks or writes AWS.

    Once they get through, the same event is carried out, as nobody holds the claim.
    """
    fleet.proxy.ignored = frozenset({"if-none-match", "if-match"})
    with fleet.function() as function:
        for mode in ("plan", "run", "apply"):
            failed = function.invoke({"mode": mode, "run_key": mode}).failed
            assert (failed["status"], failed["exit_code"], failed["changes"]) == ("failed", 1, 0)
            assert "takes writes whose condition does not hold" in failed["error"]["what"]
        assert fleet.keys() == [f"unattended/{mode}/claim.json" for mode in ("apply", "plan", "run")]
        assert "GetMetricData" not in fleet.proxy.operations
        assert fleet.proxy.writes == []
        fleet.proxy.ignored = frozenset()
        summary = function.invoke({"mode": "apply", "run_key": "apply"}).summary
    assert (summary["status"], summary["repeated"]) == ("done", False)
    assert summary["changes"] == len(fleet.proxy.writes) > 0


def test_failures_are_raised_and_tell_no_secrets(fleet) -> None:
    """78 and 64 fail the invocation with what, why and next step; what the environment holds is in no log."""
    canary = "hooks/T0/B0/Zx81mQpR7vLk2NcW9sYt4uAe6bGd3fHj"
    fleet.configure(more="notify: [{slack: {webhook_env: HOOK}, when: always}]\n")
    with fleet.function(HOOK=f"http://127.0.0.1:9/{canary}") as function:
        absent = function.invoke({"config": f"s3://{BUCKET}/nothing.yaml"}).failed
        assert (absent["exit_code"], absent["status"]) == (78, "failed")
        assert "there is no configuration" in absent["error"]["what"]
        fleet.s3.put_object(Bucket=BUCKET, Key="wrong.yaml", Body=b"version: 1\nworkload: {}\n")
        wrong = function.invoke({"config": f"s3://{BUCKET}/wrong.yaml"}).failed
        assert wrong["exit_code"] == 78
        assert wrong["error"]["what"].startswith(f"s3://{BUCKET}/wrong.yaml:2: ")
        unknown = function.invoke({"mod": "apply"}).failed
        assert unknown["exit_code"] == 64
        assert unknown["error"]["next_step"] == "write mode"
        assert function.invoke({}).summary["status"] == "done"
        log = function.log
    assert "warning" in log.lower()
    assert canary not in log
    assert canary.rpartition("/")[2] not in log


def test_a_function_and_the_command_make_the_same_plan(fleet) -> None:
    """At the same moment, from the same data and configuration: the same bytes."""
    moment = datetime.now(UTC).replace(microsecond=0).isoformat()
    with fleet.function() as function:
        assert function.invoke({"run_key": "same", "as_of": moment}).summary["status"] == "done"
    kept = fleet.s3.get_object(Bucket=BUCKET, Key="forecasts/unattended/same/plan.json")["Body"].read()
    config, out = fleet.folder / "scaler.yaml", fleet.folder / "plan.json"
    config.write_bytes(fleet.s3.get_object(Bucket=BUCKET, Key="scaler.yaml")["Body"].read())
    command = ["plan", "--config", str(config), "--as-of", moment, "--out", str(out)]
    subprocess.run([sys.executable, "-m", "scaler.cli.main", *command], env=fleet.environment, check=True)
    assert out.read_bytes() == kept


def test_the_same_from_a_command_line(fleet) -> None:
    """Cron and Kubernetes call the module: the event is its argument, the exit code that of the run."""
    command = [sys.executable, "-m", "scaler.aws_lambda", json.dumps({"mode": "plan", "run_key": "cron"})]
    done = subprocess.run(command, env=fleet.environment, cwd=fleet.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["status"] == "done"
    assert fleet.proxy.writes == []
    wrong = subprocess.run([*command[:-1], "{"], env=fleet.environment, capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (64, "")
