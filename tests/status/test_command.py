"""``scaler status`` as it is typed, over runs that ``scaler plan`` has put on record."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest

from scaler.cli.run import open_runtime
from scaler.config.reader import load_config
from scaler.history.folder_store import FolderStore
from scaler.pipeline.status import make_status
from scaler.plan.document import Plan
from scaler.plan.past import PastPlan
from scaler.plan.seal import encode_sealed
from scaler.record.codec import squeezed
from scaler.record.runs import read_past_plan, read_recorded_plan, run_names
from tests.standins.http import Answer, StandIn
from tests.status.project import END

AT = ("--offline", "--as-of", END.isoformat())


def as_json(project, *arguments, code=0):
    """The status as a document."""
    return json.loads(project.run("status", *AT, "--format", "json", *arguments, code=code)[0])


def by_name(document):
    """Workloads by name."""
    return {each["name"]: each for each in document["workloads"]}


@pytest.mark.slow
def test_runs_on_record_are_scored_and_drift_is_acted_on(project):
    """From quiet days to a shift, an alarm with exit 3, and a next plan that does what the configuration says."""
    project.plan_days(6)
    quiet = as_json(project)
    shop = by_name(quiet)["shop"]
    assert len(quiet["runs"]) == len(shop["runs"]) == 6
    assert not shop["needs_a_look"]
    assert shop["drift_checked"] == ["inputs", "errors"]
    assert shop["coverage"] == "good"
    assert {each["lead"] for each in shop["accuracy"]} == {"all", "0-6 h", "6-24 h", "beyond 24 h"}
    # Four forecasts of two days and a lead time, and two of which a part has not come yet.
    assert shop["accuracy"][0]["points"] == 4 * 49 + 48 + 24
    assert shop["planned_usd"] > shop["needed_usd"] > 0
    assert not (project.folder / "forecasts/status").exists()

    project.write(shift=2.5)
    out, err = project.run("status", *AT, code=3)
    assert "drifted" in out
    assert "short for" in out
    assert err.startswith("error: shop: ")
    assert "why: since " in err
    assert "next: look for the cause" in err
    found = by_name(as_json(project, code=3))
    assert {drift["kind"] for drift in found["shop"]["drift"]} >= {"inputs"}
    assert not found["till"]["needs_a_look"]
    assert {each["cause"] for each in found["shop"]["incidents"]} == {"forecast too low"}

    reported = json.loads(project.run("plan", *AT, "--format", "json")[0])
    assert "status:" not in " ".join(by_name(reported)["shop"]["reasons"])

    project.write(shift=2.5, more="status: {on_drift: refit}\n")
    refit = by_name(json.loads(project.run("plan", *AT, "--format", "json")[0]))
    reasons = " ".join(refit["shop"]["reasons"])
    assert "fitted anew" in reasons
    assert "no scale-in: drift of inputs" in reasons
    assert min(step["min_size"] for step in refit["shop"]["steps"]) >= 8
    assert "drift" not in " ".join(refit["till"]["reasons"])

    project.write(shift=2.5, more="status: {on_drift: fallback}\n")
    made, _ = project.run("plan", *AT, "--format", "json")
    fallback = by_name(json.loads(made))
    assert fallback["shop"]["forecast"]["model"] == "seasonal_naive"
    assert "planned with the fallback model seasonal naive" in " ".join(fallback["shop"]["reasons"])
    assert fallback["till"]["forecast"]["model"] != "seasonal_naive"
    (project.folder / "forecasts/status/drift.json").write_text("{}")
    again, _ = project.run("plan", "--reproduce", json.loads(made)["plan_id"][:12], "--format", "json")
    assert again == made  # what was known of drift is on record

    project.write(more="status: {on_drift: fallback}\n")
    project.run("status", *AT)  # what was measured has been revised: it is over
    calm = by_name(json.loads(project.run("plan", *AT, "--format", "json")[0]))
    assert calm["shop"]["forecast"]["model"] != "seasonal_naive"


def test_where_drift_is_not_known_nothing_is_scaled_in(project):
    """What is kept cannot be read: plans that are to act on drift leave the floor up; the next status mends it."""
    kept = project.folder / "forecasts/status/drift.json"
    project.write(more="status: {on_drift: refit}\n")
    usual = by_name(json.loads(project.run("plan", *AT, "--format", "json")[0]))["till"]
    assert min(step["min_size"] for step in usual["steps"]) < 12
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    doubted = by_name(json.loads(project.run("plan", *AT, "--format", "json")[0]))["till"]
    assert min(step["min_size"] for step in doubted["steps"]) == 12  # what runs
    assert doubted["reasons"][0] == "no scale-in: whether demand has drifted is not known"
    project.run("status", *AT)
    again = by_name(json.loads(project.run("plan", *AT, "--format", "json")[0]))["till"]
    assert again["steps"] == usual["steps"]


def test_every_format_says_the_same(project):
    """Table, JSON, CSV and Markdown; unknown is a dash, null or empty, never 0."""
    project.plan_days(1)
    (shop, _) = as_json(project)["workloads"]
    rows = list(csv.DictReader(io.StringIO(project.run("status", *AT, "--format", "csv")[0])))
    mine = next(row for row in rows if row["workload"] == "shop" and row["lead"] == "all")
    overall = shop["accuracy"][0]
    assert float(mine["pinball"]) == overall["pinball"]
    assert float(mine["coverage_0.9"]) == overall["coverage"]["0.9"]
    assert float(mine["planned_usd"]) == shop["planned_usd"]
    assert int(mine["points"]) == overall["points"] == 24
    markdown = project.run("status", *AT, "--format", "markdown")[0]
    table = project.run("status", *AT)[0]
    for text in (markdown, table):
        assert f"{shop['planned_usd']:.2f}" in text
        assert "not yet known" in text  # one day is too little to judge coverage by


def test_without_runs_nothing_is_known_and_nothing_is_wrong(project):
    """Exit 0, and what to do."""
    out, _ = project.run("status", *AT)
    assert "no run of this period is on record yet" in out
    (shop, _) = as_json(project)["workloads"]
    assert (shop["accuracy"], shop["planned_usd"], shop["shortage_minutes"]) == ([], None, None)


def test_a_damaged_run_is_named_and_the_others_are_scored(project):
    """Not dropped silently."""
    project.plan_days(2)
    first, _ = run_names(FolderStore(project.folder / "forecasts"))
    (project.folder / "forecasts/records" / first / "plan.json.gz").write_bytes(b"\x1f\x8b broken")
    found = as_json(project)
    assert [each["run"] for each in found["unread"]] == [first]
    assert "cannot be read" in found["unread"][0]["why"]
    assert len(found["runs"]) == 1
    assert f"run {first} is not scored" in project.run("status", *AT)[0]


def test_an_edited_run_is_named(project):
    """One figure of its plan that is not what was sealed, in a file that is otherwise whole."""
    project.plan_days(2)
    store = FolderStore(project.folder / "forecasts")
    first, _ = run_names(store)
    key = f"records/{first}/plan.json.gz"
    plan = read_recorded_plan(store, first)
    workload = plan.workloads[0]
    steps = (workload.steps[0].model_copy(update={"min_size": workload.steps[0].min_size + 1}), *workload.steps[1:])
    edited = plan.model_copy(update={"workloads": (workload.model_copy(update={"steps": steps}), *plan.workloads[1:])})
    store.write(key, squeezed(encode_sealed(edited)))
    found = as_json(project)
    assert [each["run"] for each in found["unread"]] == [first]
    assert len(found["runs"]) == 1


def test_plans_that_were_recorded_in_other_bytes_are_scored_the_same(project):
    """Records from before the plan was kept as its seal is over it."""
    project.plan_days(3)
    store = FolderStore(project.folder / "forecasts")
    before = as_json(project)
    for run in run_names(store):
        plan = read_recorded_plan(store, run)
        assert isinstance(read_past_plan(store, run), PastPlan)
        store.write(f"records/{run}/plan.json.gz", squeezed(plan.model_dump_json().encode()))
        assert isinstance(read_past_plan(store, run), Plan)
    assert as_json(project) == before
    assert before["workloads"][0]["accuracy"]


def test_of_too_many_runs_some_are_scored_and_the_others_are_one_line(project):
    """Evenly spread, the first and the newest among them; the document names each that was left out."""
    project.plan_days(5)
    runtime = open_runtime(offline=True, quiet=True)
    found = make_status(load_config(project.config), runtime, as_of=END, most_runs=3).scores
    names = run_names(FolderStore(project.folder / "forecasts"))
    assert found.runs == (names[0], names[2], names[4])
    assert [each.run for each in found.unread] == [names[1], names[3]]
    assert found.not_scored == (
        f"2 runs from {names[1]} to {names[3]} are not scored: of 5 in the period, 3 evenly spread are",
    )


def test_the_plan_from_before_the_period_is_in_force_at_its_start(project):
    """Its floor counts from the first minute on; older ones have no part."""
    for days in (9, 8):
        project.run("plan", "--offline", "--as-of", (END - timedelta(days=days)).isoformat())
    found = as_json(project)
    (newest,) = run_names(FolderStore(project.folder / "forecasts"))[-1:]
    assert found["runs"] == [newest]
    assert {each["known_minutes"] for each in found["workloads"]} == {7 * 24 * 60.0}


def test_a_past_moment_sees_no_later_run_or_demand(project):
    """As of three days ago it says what it would have said then."""
    project.plan_days(4)
    then = (END - timedelta(days=3)).isoformat()
    found = json.loads(project.run("status", "--offline", "--as-of", then, "--format", "json")[0])
    assert len(found["runs"]) == 2
    assert by_name(found)["shop"]["accuracy"][0]["points"] == 24
    assert by_name(found)["shop"]["known_until"] == then.replace(":00+00:00", "Z")


def test_chosen_workloads_and_wrong_usage(project):
    """--workload narrows; AWS cannot be asked and left alone at once."""
    project.plan_days(1)
    assert list(by_name(as_json(project, "--workload", "sh*"))) == ["shop"]
    _, err = project.run("status", *AT, "--compare-to", "aws", code=64)
    assert "--offline" in err


def test_history_that_cannot_be_read_is_an_error_and_not_silence(project):
    """The workload is told with its cause; the exit code says that something is wrong."""
    text = (project.folder / "history.csv").read_text()
    (project.folder / "history.csv").write_text("\n".join(x for x in text.splitlines() if "till" not in x) + "\n")
    _, err = project.run("status", *AT, code=3)
    assert "till" in err


@pytest.mark.parametrize("offline", [(), ("--offline",)])
def test_demand_that_has_stopped_is_no_all_clear(project, offline):
    """Nothing that a plan would refuse is called free of drift, and an alarm that was told before stays."""
    project.plan_days(4)
    project.write(shift=2.5)
    project.run("status", *AT, code=3)
    later = ("--as-of", (END + timedelta(hours=36)).isoformat())
    out, err = project.run("status", *offline, *later, "--format", "json", code=3)
    assert "the newest point is" in err
    shop = by_name(json.loads(out))["shop"]
    assert shop["drift_checked"] == []
    assert json.loads(out)["problems"].keys() == {"shop", "till"}
    kept = json.loads((project.folder / "forecasts/status/drift.json").read_text())
    assert kept["workloads"].keys() == {"shop"}
    assert "not known" in project.run("status", *offline, *later, code=3)[0]


class Hook(StandIn):
    """Keeps what is posted."""

    def __init__(self):
        super().__init__()
        self.bodies = []

    def respond(self, headers, body):
        """Thank you."""
        self.bodies.append(body)
        return Answer(b"{}", "application/json")


def test_a_notice_tells_of_drift_and_not_of_quiet(project, monkeypatch):
    """A webhook gets one document for the alarm, with workload and reason; nothing while all is well."""
    with Hook() as hook:
        monkeypatch.setenv("HOOK", hook.url)
        notify = "notify: [{webhook: {url_env: HOOK}}]\n"
        project.plan_days(3)
        project.write(more=notify)
        project.run("status", "--as-of", END.isoformat())
        assert hook.bodies == []
        project.write(shift=2.5, more=notify)
        project.run("status", "--as-of", END.isoformat(), code=3)
    (body,) = hook.bodies
    told = json.loads(body)
    assert told["headline"].startswith("scaler status: 1 drifted")
    assert told["exit_code"] == 3
    text = json.dumps(told)
    assert "times the usual of its phase" in text
    assert "till" not in text


def test_figures_are_told(project, tmp_path):
    """The textfile has coverage and drift by workload; a part of the fleet does not take the place of all."""
    project.plan_days(4)
    project.write(shift=2.5, more=f"metrics: {{textfile: {tmp_path}}}\n")
    project.run("status", *AT, code=3)
    (path,) = tmp_path.glob("*-status.prom")
    text = path.read_text()
    assert 'scaler_workload_drift{command="status",kind="inputs",project="scaler",workload="shop"} 1.0' in text
    assert 'scaler_workload_drift{command="status",kind="inputs",project="scaler",workload="till"} 0.0' in text
    assert "scaler_workload_covered_ratio" in text
    assert 'scaler_run_exit_code{command="status",project="scaler"} 3.0' in text
    path.unlink()
    project.run("status", *AT, "--workload", "till")
    assert not path.exists()
