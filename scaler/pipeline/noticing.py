"""Tells those whom the configuration names. Nobody's failure to hear changes anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scaler.aws.redaction import one_safe_line
from scaler.config import Project
from scaler.config.notify import NoticeConfig
from scaler.counting import how_many
from scaler.errors import ScalerError
from scaler.notify.comments import GitHub, GitLab
from scaler.notify.content import notice_of_changes
from scaler.notify.interface import Item, Notice, Notifier
from scaler.notify.messages import Slack, Sns, Webhook
from scaler.pipeline.rolling_loop import Line
from scaler.pipeline.runtime import Runtime

_RANK = {"quiet": 0, "change": 1, "problem": 2}
_LEAST = {"always": 0, "change": 1, "problem": 2}


def notify(project: Project, runtime: Runtime, notice: Notice, warn: Callable[[str], None]) -> None:
    """Send a notice to all who are to have it. Without AWS (``offline``) nobody is told.

    Args:
        warn: told, in one line without secrets, who was not reached and why.
    """
    for each in project.config.notify:
        if runtime.offline or _RANK[notice.urgency] < _LEAST[each.least]:
            continue
        try:
            reached = _notifier(each, runtime).send(notice)
        except ScalerError as error:
            warn(f"{one_safe_line(error.what)}: {one_safe_line(error.why)}")
        except Exception as error:
            # Whatever is wrong with a notice, the run is over and was right.
            warn(f"a notice was not sent: {type(error).__name__}")
        else:
            if reached is not None:
                runtime.progress(f"told {reached}")


def notice_of_update(line: Line, link: str | None = None) -> Notice:
    """What an update of rolling mode did: floors that moved, workloads that are short or were left alone."""
    tick = line.tick
    assert tick is not None  # noqa: S101 - an update that failed is told as a failure
    items = [Item(name, "left alone", reasons=(one_safe_line(why),)) for name, why in sorted(tick.doubts.items())]
    items += [
        Item(name, "short", reasons=(f"{how_many(units, 'unit')} short at its maximum",))
        for name, units in sorted(tick.short.items())
    ]
    items += [
        Item(name, "moved", (stood, now, highest))
        for name, (stood, now, highest) in sorted(tick.floors.items())
        if stood != now
    ]
    facts = {"update": f"{tick.at:%Y-%m-%dT%H:%M:%SZ}, {tick.kind}, {tick.outcome}"}
    facts |= {"plan": tick.plan_id[:12]} if tick.plan_id else {}
    return notice_of_changes(command="run", changes=tick.changes, facts=facts, items=tuple(items), link=link)


def link_of(environment: Mapping[str, str]) -> str | None:
    """Where the job of CI that runs this can be seen."""
    server, repository, run = (environment.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    for name in ("CI_JOB_URL", "BUILD_URL"):
        if environment.get(name, "").startswith(("http://", "https://")):
            return environment[name]
    return None


def _notifier(config: NoticeConfig, runtime: Runtime) -> Notifier:
    environment = runtime.environment
    made: Any = (
        (config.slack and Slack(config.slack, environment))
        or (config.sns and Sns(config.sns, runtime.outside or runtime.aws))
        or (config.webhook and Webhook(config.webhook, environment))
        or (config.github and GitHub(config.github, environment))
        or (config.gitlab and GitLab(config.gitlab, environment))
    )
    notifier: Notifier = made
    return notifier
