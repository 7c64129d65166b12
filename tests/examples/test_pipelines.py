"""The pipelines, step by step: real scripts, real Terraform, an emulated AWS, a forge over HTTP."""

from __future__ import annotations

import html
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import Team
from tests.examples.github_runner import ROOT, Runner
from tests.examples.gitlab_runner import GitLab
from tests.examples.jenkins_runner import Jenkins, no_credentials, read

PIPELINES = ROOT / "examples" / "pipelines"
WORKFLOW = PIPELINES / "github" / "capacity.yml"

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.emulator,
    pytest.mark.slow,
    pytest.mark.xdist_group("pipelines"),  # one AWS and one Terraform for all
]


def event(name: str, *, fork: bool = False) -> dict[str, Any]:
    """The ``github`` context of a pull request or a push."""
    pull = name == "pull_request"
    return {
        "event_name": name,
        "ref": "refs/pull/7/merge" if pull else "refs/heads/main",
        "repository": "shop/infra",
        "token": "canary-token-0123456789",
        "event": {"pull_request": {"head": {"repo": {"full_name": "somebody/infra" if fork else "shop/infra"}}}}
        if pull
        else {},
    }


@pytest.fixture
def runner(team: Team, tmp_path: Path) -> Runner:
    """Runs the workflow of the team's repository."""
    return Runner(
        repository=team.repository,
        temporary=tmp_path,
        environment=team.environment,
        event=event("pull_request"),
        variables={"SCALER_PLAN_ROLE": "plan-role", "SCALER_APPLY_ROLE": "apply-role", "AWS_REGION": "us-east-1"},
        given={"executable": str(Path(sys.executable).with_name("scaler"))},
    )


def test_from_a_pull_request_to_what_was_approved(runner: Runner, team: Team, tmp_path: Path) -> None:
    """A pull request gets a comment and touches nothing; main plans, waits, applies that very plan, and records it."""
    with team.locked("infra"):
        jobs = runner.run(WORKFLOW)
    assert (jobs["plan"].result, jobs["apply"].result) == ("success", "skipped"), jobs["plan"].log
    assert (jobs["plan"].role, runner.environments, runner.artefacts) == ("plan-role", [], {})
    assert (team.group(), team.state("infra")) == (None, None), "neither capacity nor the state moved"
    comment = team.forge.comments[-1]["body"]
    assert all(told in comment for told in ("changed", "USD", "short", "web")), comment
    assert "Terraform plan in infra" in jobs["plan"].summary
    assert "canary-token" not in jobs["plan"].log + jobs["plan"].summary + comment

    comments = len(team.forge.comments)
    main = replace(runner, event=event("push"), approve=False)
    with team.locked("infra"):
        jobs = main.run(WORKFLOW)
    assert (jobs["plan"].result, jobs["apply"].result) == ("success", "failure"), jobs["plan"].log
    assert (team.group(), team.state("infra")) == (None, None), "nobody has approved"
    assert {path.name for path in main.artefacts["scaler-plan"].iterdir()} == {"plan.json", "tfplan"}

    main = replace(main, approve=True, over={"plan": jobs["plan"]})
    jobs = main.run(WORKFLOW)
    assert jobs["apply"].result == "success", jobs["apply"].log
    assert (jobs["apply"].role, main.environments[-1]) == ("apply-role", "capacity")
    sealed = json.loads((main.artefacts["scaler-plan"] / "plan.json").read_text())
    outputs = jobs["plan"].steps["plan"]
    assert (outputs["plan-id"], outputs["exit-code"]) == (sealed["plan_id"], "2")
    weekly = sealed["workloads"][0]["weekly"]
    group, state = team.group(), team.state("infra")
    assert group is not None
    assert len(group[2]) == len(weekly["slots"]) > 2
    assert state is not None
    done = team.applied(sealed["plan_id"])
    assert [entry["outcome"] for entry in done] == ["started", "applied"]
    assert {entry["saved_plan_sha256"] for entry in done} == {jobs["plan"].outputs["saved-plan-sha256"]}
    assert done[0]["where"]["repository"] == "shop/infra"
    assert len(team.forge.comments) == comments, "main has no pull request to comment on"

    # Somebody puts another file in the place of the one that was approved.
    (main.artefacts["scaler-plan"] / "tfplan").write_bytes(b"something else")
    jobs = main.run(WORKFLOW)
    assert jobs["apply"].result == "failure"
    assert "FAILED" in jobs["apply"].log
    assert "terraform -chdir=infra apply" not in jobs["apply"].log
    assert (team.group(), team.state("infra")) == (group, state)
    assert team.applied(sealed["plan_id"]) == done


def test_a_fork_gets_no_role(runner: Runner, team: Team) -> None:
    """Somebody else's code runs without credentials: not at all."""
    jobs = replace(runner, event=event("pull_request", fork=True)).run(WORKFLOW)
    assert {job.result for job in jobs.values()} == {"skipped"}


def refused(team: Team, where: Path) -> Path:
    """The repository with a maximum below the demand."""
    config = light(team, where) / "scaler.yaml"
    config.write_text(
        config.read_text()
        .replace("max: 30}", "max: 7}")
        .replace("max_size: 30, desired_size: 12", "max_size: 7, desired_size: 6")
    )
    return where


def light(team: Team, where: Path) -> Path:
    """The repository with a root that only keeps what it is given: Terraform's own provider starts at once."""
    shutil.copytree(team.repository, where, symlinks=True, ignore=shutil.ignore_patterns("infra"))
    infra, source = where / "infra", team.repository / "infra"
    infra.mkdir()
    shutil.copy(source / "variables.tf", infra)
    (infra / "backend.tf").write_text(
        (source / "backend.tf").read_text().replace("infra.tfstate", f"{where.name}.tfstate")
    )
    (infra / "main.tf").write_text('resource "terraform_data" "sizes" {\n  input = var.scaler_workloads\n}\n')
    return where


def kept(team: Team, repository: Path) -> dict[str, Any] | None:
    """The sizes in the state of a light root; ``None`` before the first apply."""
    state = team.state(repository.name)
    if state is None:
        return None
    (resource,) = state["resources"]
    return dict(resource["instances"][0]["attributes"]["output"]["value"]["web"])


def told(team: Team) -> str:
    """The text of the newest comment."""
    return html.unescape(team.forge.comments[-1]["body"]).replace("\u200b", "")


def test_a_refused_plan_fails_the_job_and_the_comment_says_why(runner: Runner, team: Team, tmp_path: Path) -> None:
    """Demand above the maximum: exit 3, a red job, the reason where the reviewers look, nothing to apply."""
    jobs = replace(runner, repository=refused(team, tmp_path / "refused")).run(WORKFLOW)
    assert (jobs["plan"].result, jobs["apply"].result) == ("failure", "skipped")
    assert jobs["plan"].outputs["changed"] == "false"
    assert "::error title=scaler refused the plan::web: shortfall" in jobs["plan"].log
    assert "error: web: shortfall" in jobs["plan"].summary
    assert "1 refused" in told(team)
    assert "units more than limits.max 7" in told(team)
    assert kept(team, tmp_path / "refused") is None


def test_a_fallback_is_shown_and_may_be_refused(runner: Runner, team: Team, tmp_path: Path) -> None:
    """Exit 4: with too little history the plan goes on with a warning, or ends red where that is asked for."""
    repository = light(team, tmp_path / "degraded")
    rows = (repository / "history.csv").read_text().splitlines()
    (repository / "history.csv").write_text("\n".join([rows[0], *rows[-96:]]) + "\n")
    main = replace(runner, repository=repository, event=event("push"), approve=False)
    jobs = main.run(WORKFLOW)
    assert (jobs["plan"].result, jobs["plan"].outputs["changed"]) == ("success", "true"), jobs["plan"].log
    assert "::warning title=scaler fell back::" in jobs["plan"].log
    jobs = replace(main, given=main.given | {"degraded": "refuse"}).run(WORKFLOW)
    assert (jobs["plan"].result, jobs["apply"].result) == ("failure", "skipped")
    assert "::error title=scaler fell back::" in jobs["plan"].log


def test_gitlab_from_a_merge_request_to_what_was_approved(team: Team, tmp_path: Path) -> None:
    """By the identity of the job alone: a refusal is noted at the merge request; main applies what was saved."""
    project = {
        "CI_DEFAULT_BRANCH": "main",
        "CI_PROJECT_ID": "shop/infra",
        "CI_PROJECT_PATH": "shop/infra",
        "GITLAB_TOKEN": team.forge.token,
        "SCALER_PLAN_ROLE": "arn:aws:iam::123456789012:role/plan",
        "SCALER_APPLY_ROLE": "arn:aws:iam::123456789012:role/apply",
    }
    request = GitLab(
        file=PIPELINES / "gitlab" / "capacity.gitlab-ci.yml",
        repository=refused(team, tmp_path / "refused"),
        temporary=tmp_path,
        environment=no_credentials(team.environment),
        variables=project | {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7"},
    )
    assert (request.when("plan"), request.when("apply")) == ("on_success", "never")
    job = request.run("plan")
    assert (job.code, job.allowed) == (3, False), job.log
    assert "units more than limits.max 7" in told(team)

    variables = project | {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
    repository = light(team, tmp_path / "gitlab")
    main = replace(request, repository=repository, variables=variables, artefacts={})
    assert (main.when("plan"), main.when("apply")) == ("on_success", "manual")
    with team.locked("gitlab"):
        job = main.run("plan")
    assert job.code == 0, job.log
    assert kept(team, repository) is None
    job = main.run("apply")
    assert job.code == 0, job.log
    sealed = json.loads((main.artefacts["plan"] / "scaler-plan" / "plan.json").read_text())
    sizes = kept(team, repository)
    assert sizes is not None
    assert len(sizes["schedules"]) == len(sealed["workloads"][0]["weekly"]["slots"]) > 2
    assert [entry["outcome"] for entry in team.applied(sealed["plan_id"])] == ["started", "applied"]
    assert team.applied(sealed["plan_id"])[-1]["where"]["kind"] == "gitlab ci"
    # What cannot be applied is on record as that, and the job is red.
    (main.artefacts["plan"] / "scaler-plan" / "tfplan").write_bytes(b"something else")
    assert main.run("apply").code == 1
    assert team.applied(sealed["plan_id"])[-1]["outcome"] == "failed"


def test_jenkins_from_a_pull_request_to_what_was_approved(team: Team, tmp_path: Path) -> None:
    """A refusal ends a pull request's job with a comment; main stops at the question, then applies what was saved."""
    pipeline = read((PIPELINES / "jenkins" / "Jenkinsfile").read_text())
    pipeline.environment["GITHUB_REPOSITORY"] = "shop/infra"
    identity = tmp_path / "identity"
    identity.write_text("a.token.of-the-job")
    request = Jenkins(
        workspace=refused(team, tmp_path / "refused"),
        environment=no_credentials(team.environment) | {"CHANGE_ID": "7", "CI": "true"},
        branch="PR-7",
        credentials={"scaler-identity": str(identity), "scaler-comments": team.forge.token},
    )
    assert (request.run(pipeline), request.stages) == ("FAILURE", ["Plan"]), request.log
    assert "units more than limits.max 7" in told(team)

    repository = light(team, tmp_path / "jenkins")
    main = replace(
        request, workspace=repository, branch="main", environment=no_credentials(team.environment), stages=[], log=""
    )
    first, *rest = pipeline.stages
    with team.locked("jenkins"):
        assert main.run(replace(pipeline, stages=[first], after=[])) == "SUCCESS", main.log
    assert kept(team, repository) is None
    plan = json.loads((repository / "scaler-plan" / "plan.json").read_text())
    stopped = replace(main, approve=False, stages=[])
    assert (stopped.run(replace(pipeline, stages=rest, after=[])), stopped.stages) == ("ABORTED", ["Approve"])
    assert kept(team, repository) is None
    assert main.run(replace(pipeline, stages=rest)) == "SUCCESS", main.log
    assert main.stages == ["Plan", "Approve", "Apply"]
    assert kept(team, repository) is not None
    assert not (repository / "scaler-plan").exists()
    assert [entry["outcome"] for entry in team.applied(plan["plan_id"])] == ["started", "applied"]
    assert team.forge.token not in request.log + main.log
