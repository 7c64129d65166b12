"""Who or what runs, and with which versions. No secrets: only the variables that are named here are read."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from scaler.version import __version__

#: Libraries that figures in a plan depend on.
LIBRARIES = (
    "holidays", "icalendar", "lightgbm", "numpy", "pandas", "prophet", "pyarrow", "pydantic", "scipy", "statsmodels",
    "tzdata",
)  # fmt: skip
_LONGEST = 200


def versions() -> dict[str, str]:
    """Versions of Python, scaler and the libraries that are installed."""
    found = {"python": platform.python_version(), "scaler": __version__}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def circumstances(environment: Mapping[str, str], *, owner: str, attended: bool) -> dict[str, str]:
    """Who runs it.

    Args:
        owner: of the process, such as ``ann@build-7 (process 4711)``.
        attended: whether a person sits at a terminal.
    """

    def given(**names: str) -> dict[str, str]:
        return {key: environment[name][:_LONGEST] for key, name in names.items() if environment.get(name)}

    if environment.get("GITHUB_ACTIONS") == "true":
        found = given(repository="GITHUB_REPOSITORY", by="GITHUB_ACTOR", id="GITHUB_RUN_ID", commit="GITHUB_SHA")
        return {"kind": "github actions", "owner": owner, **found}
    if environment.get("GITLAB_CI") == "true":
        found = given(repository="CI_PROJECT_PATH", by="GITLAB_USER_LOGIN", id="CI_JOB_ID", commit="CI_COMMIT_SHA")
        return {"kind": "gitlab ci", "owner": owner, **found}
    if environment.get("AWS_LAMBDA_FUNCTION_NAME"):
        return {"kind": "lambda", "owner": owner, **given(function="AWS_LAMBDA_FUNCTION_NAME")}
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return {"kind": "kubernetes", "owner": owner, **given(pod="HOSTNAME")}
    if environment.get("CI"):
        return {"kind": "ci", "owner": owner}
    return {"kind": "user" if attended else "unattended", "owner": owner}
