"""Every medium over real HTTP: what arrives, what is refused, what is never said."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from scaler.aws.session import BotocoreClients
from scaler.config.notify import GitHubConfig, GitLabConfig, SlackConfig, SnsConfig, WebhookConfig
from scaler.notify import delivery
from scaler.notify.comments import GitHub, GitLab
from scaler.notify.interface import NoticeFailed
from scaler.notify.messages import Slack, Sns, Webhook
from tests.notify.builders import HOSTILE, notice
from tests.standins.forge import Forge

SECRET = "T000/B000/canaryXXXXXXXXXXXXXXXX"


@pytest.fixture
def forge():
    with Forge() as made:
        yield made


def github(forge, **given):
    environment = {"GITHUB_TOKEN": forge.token, "GITHUB_REPOSITORY": "shop/infra", "GITHUB_REF": "refs/pull/7/merge"}
    return GitHub(GitHubConfig(api_url=forge.url, **given), environment)


def gitlab(forge, **given):
    environment = {"GITLAB_TOKEN": forge.token, "CI_MERGE_REQUEST_IID": "7", "CI_API_V4_URL": forge.url}
    return GitLab(GitLabConfig(project="shop/infra", **given), environment)


def test_slack_gets_text_without_markup(forge):
    """Mentions and links of a name arrive as characters, in a message that Slack is told not to read as markup."""
    slack = Slack(SlackConfig(webhook_env="HOOK"), {"HOOK": f"{forge.url}/services/{SECRET}"})
    for hostile in HOSTILE:
        assert slack.send(notice(reason=hostile)) == "Slack"
        message = forge.asked[-1].json
        assert "<" not in message["text"]
        assert ">" not in message["text"]
        assert message["mrkdwn"] is False
        assert message["link_names"] is False
    slack.send(notice(5000, reason="<&>" * 30))
    assert len(forge.asked[-1].json["text"]) < 40_000
    assert "more workloads" in forge.asked[-1].json["text"]


def test_a_webhook_gets_every_value_signed(forge):
    """The document has all that the notice has, and a signature that only the secret makes."""
    config = WebhookConfig(url_env="URL", bearer_token_env="TOKEN", secret_env="KEY")
    environment = {"URL": f"{forge.url}/hooks/scaler?key=canary", "TOKEN": "canary-bearer", "KEY": "canary-key"}
    assert Webhook(config, environment).send(notice(2)) == "the webhook at 127.0.0.1"
    (asked,) = forge.asked
    assert asked.headers["authorization"] == "Bearer canary-bearer"
    signature = hmac.new(b"canary-key", asked.body, hashlib.sha256).hexdigest()
    assert asked.headers["x-scaler-signature-256"] == f"sha256={signature}"
    told = asked.json
    assert (told["schema_version"], told["urgency"], told["exit_code"]) == ("1.0", "change", 0)
    assert told["workloads"][1] == {
        "name": "web-0001", "status": "changed", "usd": 1.25, "reasons": ["the requirement rises (1)"],
        "live_minimum": 2, "lowest_minimum": 3, "highest_minimum": 9,
    }  # fmt: skip


@pytest.mark.parametrize("make", [github, gitlab])
def test_a_comment_is_made_once_and_updated_in_place(forge, make):
    """Beyond the first page, too; comments of others are left alone, even such as hold our tag."""
    for number in range(120):
        forge.comment(f"comment {number}")
    forge.comment("<!-- scaler:scaler -->\nquoted by somebody else")
    assert "new comment" in make(forge).send(notice(1))
    first = dict(forge.comments[-1])
    assert "the comment on" in make(forge).send(notice(2))
    assert len(forge.comments) == 122
    assert forge.comments[-1]["id"] == first["id"]
    assert forge.comments[-1]["body"] != first["body"]
    assert forge.comments[-1]["body"].startswith("<!-- scaler:scaler -->\n")
    assert forge.comments[120]["body"].endswith("quoted by somebody else")
    make(forge, tag="gpu").send(notice(1))
    assert len(forge.comments) == 123


@pytest.mark.parametrize("make", [github, gitlab])
def test_a_comment_that_would_be_too_long_is_cut_with_a_link(forge, make):
    """Two thousand workloads, each with a long reason of punctuation: the server takes it, and the link stands."""
    make(forge).send(notice(2000, reason="<>" * 100, link="https://ci.example/run/1"))
    body = forge.comments[-1]["body"]
    assert len(body) <= 60_000
    assert "more workloads, left out for length" in body
    assert body.endswith("[The whole run](<https://ci.example/run/1>)")


@pytest.mark.parametrize("make", [github, gitlab])
def test_without_a_pull_request_nothing_is_sent(forge, make):
    """A run of the main branch has nobody to tell, and says nothing of it."""
    notifier = make(forge)
    environment = {**notifier.environment, "GITHUB_REF": "refs/heads/main", "CI_MERGE_REQUEST_IID": ""}
    assert type(notifier)(notifier.config, environment).send(notice()) is None
    assert forge.asked == []


def media(forge):
    hook = f"{forge.url}/services/{SECRET}"
    return [
        Slack(SlackConfig(webhook_env="HOOK"), {"HOOK": hook}),
        Webhook(
            WebhookConfig(url_env="URL", bearer_token_env="TOKEN"),
            {"URL": f"{forge.url}/hooks/canary-path?key=canary-query", "TOKEN": "canary-bearer"},
        ),
        github(forge),
        gitlab(forge),
    ]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 422, 429, 500, 503])
def test_a_failure_names_the_status_and_no_secret(forge, status):
    """Row 51: not even where the server repeats path, query, token and body in its answer. Nothing is followed."""
    forge.fail = status
    for medium in media(forge):
        with pytest.raises(NoticeFailed) as caught:
            medium.send(notice())
        told = f"{caught.value.what} {caught.value.why} {caught.value.next_step} {caught.value!r}"
        assert f"HTTP {status}" in told
        assert "canary" not in told
        assert caught.value.__cause__ is None
    assert not [asked for asked in forge.asked if "elsewhere" in asked.path]


def test_a_server_that_is_not_there_is_told_without_the_address(forge, monkeypatch):
    """Neither a refused connection nor a host that does not exist shows the path of the webhook."""
    with Forge() as gone:
        pass
    for url in (gone.url, "http://no-such-host.invalid"):
        with pytest.raises(NoticeFailed) as caught:
            Slack(SlackConfig(webhook_env="HOOK"), {"HOOK": f"{url}/services/{SECRET}"}).send(notice())
        assert "connection failed" in caught.value.why
        assert "canary" not in caught.value.why
    monkeypatch.setattr(delivery, "TIMEOUT_SECONDS", 0.2)
    forge.delay_seconds = 5
    with pytest.raises(NoticeFailed, match="not told") as caught:
        media(forge)[0].send(notice())
    assert "no answer within" in caught.value.why


def test_what_the_environment_lacks_is_named(forge):
    """The variable, never its value."""
    cases = [
        (Slack(SlackConfig(), {}), "SLACK_WEBHOOK is not set"),
        (Slack(SlackConfig(), {"SLACK_WEBHOOK": "file:///etc/canary"}), "holds no address of http"),
        (Slack(SlackConfig(), {"SLACK_WEBHOOK": "https://canary\nX: y"}), "control character"),
        (GitHub(GitHubConfig(pull_request=1), {"GITHUB_REPOSITORY": "a/b"}), "GITHUB_TOKEN is not set"),
        (GitLab(GitLabConfig(merge_request=1, project="a"), {}), "GITLAB_TOKEN is not set"),
    ]
    for notifier, message in cases:
        with pytest.raises(NoticeFailed) as caught:
            notifier.send(notice())
        assert message in caught.value.why
        assert "canary" not in caught.value.why


@pytest.mark.emulator
def test_sns_publishes_to_a_topic(fresh_aws, monkeypatch):
    """The message reaches who has subscribed: here a queue."""
    from botocore.session import Session

    monkeypatch.setenv("AWS_ENDPOINT_URL", fresh_aws)
    made = {n: Session().create_client(n, region_name="eu-west-1", endpoint_url=fresh_aws) for n in ("sns", "sqs")}
    arn = made["sns"].create_topic(Name="capacity")["TopicArn"]
    queue = made["sqs"].create_queue(QueueName="capacity")["QueueUrl"]
    queue_arn = made["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made["sns"].subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    clients = BotocoreClients(now=lambda: datetime.now(UTC))
    assert Sns(SnsConfig(topic_arn=arn), clients).send(notice(3, reason="é→\x1b[31m")) == "the topic capacity"
    (message,) = made["sqs"].receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(message["Body"])
    assert told["Subject"] == "scaler plan: 3 changed"
    assert len(told["Message"].splitlines()) == 5
    gone = arn.replace("capacity", "gone")
    with pytest.raises(NoticeFailed, match="SNS was not told"):
        Sns(SnsConfig(topic_arn=gone), clients).send(notice())
    for client in made.values():
        client.close()
    clients.close()
