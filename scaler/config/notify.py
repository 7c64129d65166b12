"""Who is told of a run, and where. Secrets stay in the environment: only the names of variables are written here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scaler.config.checks import Allowed
from scaler.config.prometheus import EnvironmentVariable, ServerUrl
from scaler.config.strict import Strict

TopicArn = Annotated[
    str,
    Allowed(
        r"arn:aws[a-z-]*:sns:[a-z0-9-]{5,25}:[0-9]{12}:[A-Za-z0-9_-]{1,256}",
        "the ARN of a standard SNS topic, such as arn:aws:sns:us-east-1:123456789012:capacity",
    ),
]
Repository = Annotated[str, Allowed(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}", "owner/name")]
CommentTag = Annotated[str, Allowed(r"[A-Za-z0-9_.-]{1,60}", "1 to 60 letters, digits, dots, dashes or underscores")]


class SlackConfig(Strict):
    """An incoming webhook of Slack."""

    webhook_env: EnvironmentVariable = Field(
        "SLACK_WEBHOOK", description="Environment variable that holds the address of the webhook."
    )


class SnsConfig(Strict):
    """A topic of Amazon SNS."""

    topic_arn: TopicArn = Field(description="ARN of the topic; its region is the one that is asked.")


class WebhookConfig(Strict):
    """A server that takes a JSON document by POST."""

    url_env: EnvironmentVariable = Field(description="Environment variable that holds the address.")
    bearer_token_env: EnvironmentVariable | None = Field(
        None, description="Environment variable that holds a bearer token, if the server wants one."
    )
    secret_env: EnvironmentVariable | None = Field(
        None,
        description="Environment variable that holds a secret: the document is then signed with it, as "
        "X-Scaler-Signature-256: sha256=HMAC.",
    )


class GitHubConfig(Strict):
    """A comment on a pull request of GitHub, updated in place."""

    token_env: EnvironmentVariable = Field(
        "GITHUB_TOKEN", description="Environment variable that holds a token which may write to pull requests."
    )
    repository: Repository | None = Field(None, description="owner/name; GITHUB_REPOSITORY if not given.")
    pull_request: int | None = Field(
        None, ge=1, description="Its number; that of GITHUB_REF if not given, and without one nothing is sent."
    )
    api_url: ServerUrl | None = Field(
        None, description="Address of the API; GITHUB_API_URL if not given, else https://api.github.com."
    )
    tag: CommentTag = Field("scaler", description="Tells comments of several configurations apart.")


class GitLabConfig(Strict):
    """A note on a merge request of GitLab, updated in place."""

    token_env: EnvironmentVariable = Field(
        "GITLAB_TOKEN", description="Environment variable that holds a token with the scope api."
    )
    project: str | None = Field(
        None, min_length=1, max_length=255, description="Its number or path; CI_PROJECT_ID if not given."
    )
    merge_request: int | None = Field(
        None, ge=1, description="Its number; CI_MERGE_REQUEST_IID if not given, and without one nothing is sent."
    )
    api_url: ServerUrl | None = Field(
        None, description="Address of the API; CI_API_V4_URL if not given, else https://gitlab.com/api/v4."
    )
    tag: CommentTag = Field("scaler", description="Tells notes of several configurations apart.")


class NoticeConfig(Strict):
    """One who is told: exactly one medium, and when."""

    slack: SlackConfig | None = Field(None, description="Slack, by an incoming webhook.")
    sns: SnsConfig | None = Field(None, description="Amazon SNS, and who has subscribed to the topic.")
    webhook: WebhookConfig | None = Field(None, description="Any server that takes JSON.")
    github: GitHubConfig | None = Field(None, description="A comment on a pull request of GitHub.")
    gitlab: GitLabConfig | None = Field(None, description="A note on a merge request of GitLab.")
    when: Literal["always", "change", "problem"] | None = Field(
        None,
        description="change: something is to change, or went wrong; problem: refused, degraded, short or failed. "
        "Comments are always brought up to date if this is not given, other media told of changes.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> NoticeConfig:
        given = (self.slack, self.sns, self.webhook, self.github, self.gitlab)
        if sum(medium is not None for medium in given) != 1:
            raise ValueError("give exactly one of slack, sns, webhook, github, gitlab")
        return self

    @property
    def least(self) -> Literal["always", "change", "problem"]:
        """What has to be the case for it to be told."""
        return self.when or ("always" if self.github or self.gitlab else "change")
