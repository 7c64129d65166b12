"""Notices as a comment on a pull or merge request: one per configuration, found by a hidden tag, updated in place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scaler.config.notify import GitHubConfig, GitLabConfig
from scaler.config.prometheus import check_url
from scaler.notify.delivery import Door, status_of
from scaler.notify.interface import Notice, NoticeFailed
from scaler.notify.messages import variable
from scaler.notify.text import markdown

# GitHub takes 65 536 characters, GitLab a million. Entities are longer than what they stand for.
LONGEST_CHARACTERS = 60_000
PER_PAGE = 100
MOST_PAGES = 30


@dataclass(frozen=True)
class GitHub:
    """A comment on a pull request (an issue, to the API)."""

    config: GitHubConfig
    environment: Mapping[str, str]

    def send(self, notice: Notice) -> str | None:
        """See :class:`scaler.notify.interface.Notifier`."""
        door = Door("GitHub")
        reference = re.fullmatch(r"refs/pull/([0-9]+)/(merge|head)", self.environment.get("GITHUB_REF", ""))
        number = self.config.pull_request or (int(reference[1]) if reference else None)
        if number is None:
            return None
        repository = self.config.repository or variable("GITHUB_REPOSITORY", self.environment, door)
        root = self.config.api_url or _server(self.environment.get("GITHUB_API_URL"), "https://api.github.com", door)
        token = variable(self.config.token_env, self.environment, door)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        place = f"{root}/repos/{quote(repository)}/issues"
        return _Thread(
            door=Door(door.medium, {**headers, "X-GitHub-Api-Version": "2022-11-28"}, (token,)),
            comments=f"{place}/{number}/comments",
            one=lambda comment: f"{place}/comments/{comment}",
            update="PATCH",
        ).put(notice, self.config.tag, f"pull request {number} of {repository}")


@dataclass(frozen=True)
class GitLab:
    """A note on a merge request."""

    config: GitLabConfig
    environment: Mapping[str, str]

    def send(self, notice: Notice) -> str | None:
        """See :class:`scaler.notify.interface.Notifier`."""
        door = Door("GitLab")
        told = self.environment.get("CI_MERGE_REQUEST_IID", "")
        number = self.config.merge_request or (int(told) if told.isascii() and told.isdigit() else None)
        if number is None:
            return None
        project = self.config.project or variable("CI_PROJECT_ID", self.environment, door)
        root = self.config.api_url or _server(self.environment.get("CI_API_V4_URL"), "https://gitlab.com/api/v4", door)
        token = variable(self.config.token_env, self.environment, door)
        place = f"{root}/projects/{quote(project, safe='')}/merge_requests/{number}/notes"
        return _Thread(
            door=Door(door.medium, {"PRIVATE-TOKEN": token}, (token,)),
            comments=place,
            one=lambda note: f"{place}/{note}",
            update="PUT",
        ).put(notice, self.config.tag, f"merge request {number} of {project}")


@dataclass(frozen=True)
class _Thread:
    door: Door
    comments: str
    one: Callable[[int], str]
    update: str

    def put(self, notice: Notice, tag: str, where: str) -> str:
        hidden = f"<!-- scaler:{tag} -->"
        text = f"{hidden}\n{markdown(notice, longest=LONGEST_CHARACTERS - len(hidden) - 1)}"
        body = json.dumps({"body": text}, ensure_ascii=False).encode()
        for comment in self._tagged(hidden):
            try:
                self.door.ask(self.update, self.one(comment), body)
            except NoticeFailed as error:
                # Somebody else's comment with our tag, or one that was deleted meanwhile.
                if status_of(error) not in (403, 404):
                    raise
            else:
                return f"the comment on {where}"
        self.door.ask("POST", self.comments, body)
        return f"a new comment on {where}"

    def _tagged(self, hidden: str) -> Iterator[int]:
        for page in range(1, MOST_PAGES + 1):
            found = self.door.ask("GET", f"{self.comments}?per_page={PER_PAGE}&page={page}")
            if not isinstance(found, list):
                raise self.door.failed("its list of comments is none")
            for comment in found:
                if _is_ours(comment, hidden):
                    yield int(comment["id"])
            if len(found) < PER_PAGE:
                return


def _is_ours(comment: Any, hidden: str) -> bool:
    return (
        isinstance(comment, dict)
        and isinstance(comment.get("id"), int)
        and str(comment.get("body") or "").startswith(hidden)
    )


def _server(told: str | None, otherwise: str, door: Door) -> str:
    if not told:
        return otherwise
    try:
        return check_url(told)
    except ValueError as error:
        raise door.failed(f"the address of its API in the environment {error}") from None
