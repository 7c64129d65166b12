"""Notices at the command line: who is told of what, and that nobody's deafness changes a run."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from scaler.cli.main import main
from tests.pipeline.conftest import END, web_demand, write_csv
from tests.standins.forge import Forge

SECRET = "T000/B000/canaryXXXXXXXXXXXXXXXX"
NOTIFY = """\
notify:
  - {slack: {webhook_env: HOOK}}
  - {webhook: {url_env: URL}, when: problem}
  - {github: {repository: shop/infra, pull_request: 7, api_url: "%s"}}
"""
CONFIG = """\
version: 1
defaults: {forecast: {model: seasonal_naive}}
workloads:
  shop:
    target: {asg: shop}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 100/s}}
    limits: {min: 1, max: %d}
    live: {min_size: %d, max_size: %d, desired_size: 4}
outputs: {tfvars: scaler.auto.tfvars.json}
"""
AS_OF = END.isoformat()


@pytest.fixture
def forge():
    with Forge() as made:
        yield made


@pytest.fixture
def project(tmp_path, forge, monkeypatch):
    """Write a project whose notices go to the server."""
    monkeypatch.setenv("HOOK", f"{forge.url}/services/{SECRET}")
    monkeypatch.setenv("URL", f"{forge.url}/hooks/canary-path")
    monkeypatch.setenv("GITHUB_TOKEN", forge.token)

    def make(*, maximum: int = 20, live: int = 2, server: str = forge.url, days: int = 21):
        write_csv(tmp_path / "history.csv", "shop", *web_demand(days=days))
        path = tmp_path / "scaler.yaml"
        path.write_text(CONFIG % (maximum, live, maximum) + NOTIFY % server)
        return path

    return make


def test_a_plan_is_told_to_those_it_concerns(project, forge, capsys):
    """A change goes to Slack and the pull request, and not to who wants problems only; stdout stays as it is."""
    config = project()
    assert main(["plan", "--config", str(config), "--as-of", AS_OF, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    plan = json.loads(out)
    assert "told Slack" in err
    assert "pull request 7 of shop/infra" in err
    assert [asked.path.split("/")[1] for asked in forge.asked] == ["services", "repos", "repos"]
    assert plan["plan_id"][:12] in forge.asked[0].json["text"]
    assert "shop" in forge.comments[-1]["body"]


def test_a_plan_that_refuses_is_a_problem(project, forge, capsys):
    """Above the maximum: every medium hears of it, with the exit code and the reason."""
    config = project(maximum=4)
    assert main(["plan", "--config", str(config), "--as-of", AS_OF]) == 3
    (hook,) = [asked.json for asked in forge.asked if asked.path.startswith("/hooks/")]
    assert (hook["urgency"], hook["exit_code"]) == ("problem", 3)
    assert hook["workloads"][0]["status"] == "refused"
    assert hook["workloads"][0]["reasons"]
    capsys.readouterr()


def test_an_error_that_ends_a_plan_is_told(project, forge, capsys):
    """Who waits for a scheduled plan hears that there is none, and why."""
    config = project()
    config.write_text(config.read_text().replace("m7i.large", "m7x.large"))
    assert main(["plan", "--config", str(config), "--as-of", AS_OF]) == 1
    (hook,) = [asked.json for asked in forge.asked if asked.path.startswith("/hooks/")]
    assert hook["headline"].startswith("scaler plan failed: ")
    assert "no AWS region" in hook["headline"]
    assert hook["facts"]["next"]
    capsys.readouterr()


def test_what_stood_in_the_way_of_a_plan_is_the_headline(project, tmp_path, capsys):
    """Terraform would destroy a group: the comment says so first, why and what to do, beside the plan and its risk."""
    from scaler.errors import Refused
    from scaler.notify.content import notice_of_plan
    from scaler.notify.text import markdown
    from scaler.plan.seal import decode

    config, out = project(), tmp_path / "plan.json"
    assert main(["plan", "--config", str(config), "--as-of", AS_OF, "--offline", "--out", str(out)]) == 0
    capsys.readouterr()
    error = Refused("Terraform destroys a group", why="it is gone from the root", next_step="put it back")
    plan = decode(out.read_text())
    notice = notice_of_plan(plan, command="plan", exit_code=3, problems={}, ended_by=error)
    assert notice.headline == "scaler plan refused: Terraform destroys a group (1 changed)"
    assert (notice.urgency, notice.facts["why"], notice.facts["next"]) == (
        "problem",
        "it is gone from the root",
        "put it back",
    )
    risk = plan.workloads[0].risk.shortfall_probability
    assert f"{risk:.2%} short" in markdown(notice, longest=60_000)


@pytest.mark.parametrize("outcome", ["down", "broken", "unset"])
def test_who_is_not_reached_costs_a_warning_and_nothing_else(project, forge, capsys, monkeypatch, outcome):
    """Row 49: same exit code, same files, same stdout; the warning names no secret, and --quiet does not hide it."""
    config = project()
    arguments = ["plan", "--config", str(config), "--as-of", AS_OF, "--detailed-exitcode", "--format", "json"]
    assert main(arguments) == 2
    expected = json.loads(capsys.readouterr().out)
    files = (config.parent / "scaler.auto.tfvars.json").read_bytes()
    if outcome == "unset":
        monkeypatch.delenv("HOOK")
        monkeypatch.delenv("GITHUB_TOKEN")
    elif outcome == "broken":
        forge.fail = 500
    else:
        with Forge() as gone:
            pass
        project(server=gone.url)
        monkeypatch.setenv("HOOK", f"{gone.url}/services/{SECRET}")
    # A process of its own: libraries that log would write to its stderr.
    program = [sys.executable, "-m", "scaler.cli.main", *arguments, "--quiet"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    out, err = done.stdout, done.stderr
    assert json.loads(out)["workloads"] == expected["workloads"]
    assert (
        json.loads((config.parent / "scaler.auto.tfvars.json").read_text())["scaler_workloads"]
        == (json.loads(files)["scaler_workloads"])
    )
    assert err.count("warning: ") == 2
    assert "Slack was not told" in err
    assert "GitHub was not told" in err
    assert "canary" not in err + out
    store = b"".join(path.read_bytes() for path in (config.parent / "forecasts").rglob("*") if path.is_file())
    assert b"canary" not in store


def test_offline_and_what_if_tell_nobody(project, forge, capsys):
    """What is not meant, or not to leave the machine, does not."""
    config = project()
    assert main(["plan", "--config", str(config), "--as-of", AS_OF, "--offline"]) == 0
    event = f"sale,{(END + timedelta(hours=2)).astimezone(UTC):%Y-%m-%dT%H:%M},2h,x1.2"
    assert main(["plan", "--config", str(config), "--as-of", AS_OF, "--event", event]) in (0, 3)
    assert forge.asked == []
    capsys.readouterr()


def test_an_update_that_stays_wrong_is_told_once(project, forge):
    """Of a service that updates every five minutes one hears when it begins to be in doubt, and when it ends."""
    from scaler.cli.ending import UpdatesTold
    from scaler.cli.run import open_runtime
    from scaler.config import load_config
    from scaler.pipeline.rolling import Tick
    from scaler.pipeline.rolling_loop import Line

    told = UpdatesTold(load_config(project()), open_runtime(offline=False, quiet=True))
    now = datetime(2026, 11, 16, tzinfo=UTC)

    def update(**given):
        told.tell(Line(now, Tick(now, "update", "done", "f" * 64, **given)))
        return len([asked for asked in forge.asked if asked.path.startswith("/hooks/")])

    counts = [update(doubts={"shop": "no datapoints"}) for _ in range(3)]
    counts.append(update(doubts={"shop": "the group is gone"}))
    counts.append(update())
    assert counts == [1, 1, 1, 2, 2]
    slack = [asked.json["text"] for asked in forge.asked if asked.path.startswith("/services/")]
    assert len(slack) == 2
    assert "shop: left alone: the group is gone" in slack[1]
    update(changes=2, floors={"shop": (2, 5, 7)})
    assert forge.asked[-3].json["text"].splitlines()[0] == "scaler run: 2 changes written"
