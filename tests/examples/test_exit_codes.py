"""What each exit code of ``scaler plan`` becomes in each pipeline; a stand-in of scaler ends with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.examples.github_runner import Runner, tools
from tests.examples.gitlab_runner import GitLab
from tests.examples.jenkins_runner import Jenkins, read
from tests.examples.test_pipelines import PIPELINES, WORKFLOW, event


@dataclass(frozen=True)
class Scene:
    """A repository with a root, a folder for jobs, and one of programs."""

    repository: Path
    jobs: Path
    programs: Path

    def environment(self, code: int) -> dict[str, str]:
        """With a scaler that ends with this code, and a Terraform that has nothing to say."""
        return tools(str(self.programs)) | {"EXIT_CODE": str(code)}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Where a pipeline is tried."""
    made = Scene(tmp_path / "repository", tmp_path / "jobs", tmp_path / "programs")
    (made.repository / "infra").mkdir(parents=True)
    made.jobs.mkdir()
    made.programs.mkdir()
    for name, text in (("scaler", '#!/bin/sh\nexit "$EXIT_CODE"\n'), ("terraform", "#!/bin/sh\n")):
        (made.programs / name).write_text(text)
        (made.programs / name).chmod(0o755)
    return made


@pytest.mark.parametrize(
    ("code", "result", "changed"),
    [
        (0, "success", "false"),
        (1, "failure", "false"),
        (2, "success", "true"),
        (3, "failure", "false"),
        (4, "success", "true"),
        (78, "failure", "false"),
    ],
)
def test_github_goes_on_with_what_may_be_applied(scene: Scene, code: int, result: str, changed: str) -> None:
    """Green and to be applied with 2 and, said aloud, 4; green with 0; red with all else."""
    runner = Runner(
        repository=scene.repository,
        temporary=scene.jobs,
        environment=scene.environment(code),
        event=event("pull_request"),
        variables={"SCALER_PLAN_ROLE": "plan-role", "SCALER_APPLY_ROLE": "apply-role", "AWS_REGION": "us-east-1"},
        given={"executable": str(scene.programs / "scaler")},
    )
    job = runner.run(WORKFLOW)["plan"]
    assert (job.result, job.outputs["changed"]) == (result, changed), job.log
    assert ("::error" in job.log, "::warning" in job.log) == (result == "failure", code == 4)


@pytest.mark.parametrize(
    ("code", "ends", "warns"),
    [(0, 0, False), (1, 1, False), (2, 0, False), (3, 3, False), (4, 4, True), (78, 78, False)],
)
def test_gitlab_goes_on_with_what_may_be_applied(scene: Scene, code: int, ends: int, warns: bool) -> None:
    """Green with 0 and 2, a warning with 4, red with all else."""
    project = {"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BRANCH": "main", "SCALER_PLAN_ROLE": "plan-role"}
    pipeline = GitLab(
        file=PIPELINES / "gitlab" / "capacity.gitlab-ci.yml",
        repository=scene.repository,
        temporary=scene.jobs,
        environment=scene.environment(code),
        variables=project,
    )
    job = pipeline.run("plan")
    assert (job.code, job.allowed) == (ends, warns), job.log


@pytest.mark.parametrize(
    ("code", "result", "left"),
    [
        (0, "SUCCESS", set()),
        (1, "FAILURE", set()),
        (2, "SUCCESS", {"changed"}),
        (3, "FAILURE", set()),
        (4, "SUCCESS", {"changed", "degraded"}),
        (78, "FAILURE", set()),
    ],
)
def test_jenkins_goes_on_with_what_may_be_applied(scene: Scene, code: int, result: str, left: set[str]) -> None:
    """What the next stages look for lies there with 2 and 4, and what makes the build unstable with 4."""
    text = (PIPELINES / "jenkins" / "Jenkinsfile").read_text()
    assert re.search(r"if \(fileExists\('scaler-plan/degraded'\)\) \{\s+unstable\(", text)
    pipeline = read(text)
    job = Jenkins(
        workspace=scene.repository,
        environment=scene.environment(code),
        branch="PR-7",
        credentials={"scaler-identity": str(scene.jobs), "scaler-comments": "a-token"},
    )
    pipeline.stages, pipeline.after = pipeline.stages[:1], []
    assert job.run(pipeline) == result, job.log
    assert {path.name for path in (scene.repository / "scaler-plan").iterdir()} == left
