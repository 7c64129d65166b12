"""Notices as messages: Slack, SNS, and any server that takes JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from scaler.aws.interface import AwsClients
from scaler.aws.redaction import one_safe_line
from scaler.aws.session import call, impatient
from scaler.config.notify import SlackConfig, SnsConfig, WebhookConfig
from scaler.errors import ScalerError
from scaler.notify.delivery import Door, secrets_of_address
from scaler.notify.interface import Notice, NoticeFailed
from scaler.notify.text import plain

#: Of the document that webhooks get; a minor version adds keys, a major one breaks.
SCHEMA_VERSION = "1.0"
# Slack cuts at 40 000 characters, and advises 4 000.
SLACK_CHARACTERS = 3900
# SNS takes 262 144 bytes; a mail of half a megabyte is read by nobody.
SNS_CHARACTERS = 30_000
SNS_SUBJECT_CHARACTERS = 100


def variable(name: str, environment: Mapping[str, str], door: Door) -> str:
    """The value of a variable that the configuration names.

    Raises:
        NoticeFailed: it is not set, or cannot be what it is to be.
    """
    value = environment.get(name, "").strip()
    if not value or not value.isprintable():
        raise door.failed(f"the environment variable {name} {'holds a control character' if value else 'is not set'}")
    return value


def address(name: str, environment: Mapping[str, str], door: Door) -> str:
    """The address that a variable holds.

    Raises:
        NoticeFailed: it is none of HTTP.
    """
    value = variable(name, environment, door)
    try:
        parts = urlsplit(value)
        known = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        known = None
    if not known:
        raise door.failed(f"the environment variable {name} holds no address of http or https")
    return value


@dataclass(frozen=True)
class Slack:
    """An incoming webhook."""

    config: SlackConfig
    environment: Mapping[str, str]

    def send(self, notice: Notice) -> str:
        """See :class:`scaler.notify.interface.Notifier`."""
        url = address(self.config.webhook_env, self.environment, Door("Slack"))
        escaped = plain(notice, longest=SLACK_CHARACTERS // 5 * 4)
        for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            escaped = escaped.replace(character, entity)
        # Without markup a name cannot become a mention or a link; the entities are Slack's three control characters.
        message = {"text": escaped, "mrkdwn": False, "link_names": False, "unfurl_links": False}
        Door("Slack", secrets=secrets_of_address(url)).ask("POST", url, _json(message))
        return "Slack"


@dataclass(frozen=True)
class Webhook:
    """A server that takes a document."""

    config: WebhookConfig
    environment: Mapping[str, str]

    def send(self, notice: Notice) -> str:
        """See :class:`scaler.notify.interface.Notifier`."""
        door = Door("the webhook")
        url = address(self.config.url_env, self.environment, door)
        body, headers, secrets = _json(document(notice)), {}, list(secrets_of_address(url))
        if self.config.bearer_token_env is not None:
            token = variable(self.config.bearer_token_env, self.environment, door)
            headers["Authorization"] = f"Bearer {token}"
            secrets.append(token)
        if self.config.secret_env is not None:
            secret = variable(self.config.secret_env, self.environment, door)
            headers["X-Scaler-Signature-256"] = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
            secrets.append(secret)
        Door(door.medium, headers, tuple(secrets)).ask("POST", url, body)
        return f"the webhook at {urlsplit(url).hostname}"


@dataclass(frozen=True)
class Sns:
    """A topic."""

    config: SnsConfig
    clients: AwsClients

    def send(self, notice: Notice) -> str:
        """See :class:`scaler.notify.interface.Notifier`."""
        arn = self.config.topic_arn
        # A subject is ASCII, and becomes that of a mail.
        subject = notice.headline.encode("ascii", "replace").decode()[:SNS_SUBJECT_CHARACTERS]
        message = plain(notice, longest=SNS_CHARACTERS)
        try:
            call(
                impatient(self.clients),
                "sns",
                "Publish",
                region=arn.split(":")[3],
                resource=arn,
                TopicArn=arn,
                Subject=subject,
                Message=message,
            )
        except ScalerError as error:
            raise NoticeFailed(
                "SNS was not told", why=f"{error.what}: {error.why}", next_step=error.next_step
            ) from None
        return f"the topic {arn.rpartition(':')[2]}"


def document(notice: Notice) -> dict[str, Any]:
    """What webhooks get: every value of the notice."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": notice.command,
        "exit_code": notice.exit_code,
        "urgency": notice.urgency,
        "headline": one_safe_line(notice.headline),
        "facts": dict(notice.facts),
        "link": notice.link,
        "workloads": [
            {
                **{key: value for key, value in asdict(item).items() if key in ("name", "status", "usd")},
                **dict(zip(("live_minimum", "lowest_minimum", "highest_minimum"), item.minimum, strict=True)),
                "reasons": list(item.reasons),
            }
            for item in notice.items
        ],
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False).encode()
