"""Refuses calls that AWS would refuse, or answer with nothing and no error, before they are sent.

An emulator takes most of them, so that a mistake would first be seen in production; and CloudWatch itself
answers some of them with an empty result, which reads like a metric without points. The guard sees the
parameters of every call of the clients it is installed on, in tests and in production alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from scaler.aws.interface import LimitRefused
from scaler.aws.limits_autoscaling import AUTO_SCALING, KnownActions
from scaler.aws.limits_cloudwatch import CLOUDWATCH
from scaler.aws.limits_targets import APPLICATION_AUTO_SCALING
from scaler.aws.redaction import one_safe_line

Rule = Callable[[Mapping[str, Any], datetime], Iterator[str]]
"""Reasons why AWS would not take these parameters now; none if it would."""

RULES: Mapping[tuple[str, str], Rule] = {
    (service, operation): rule
    for service, rules in (
        ("cloudwatch", CLOUDWATCH),
        ("autoscaling", AUTO_SCALING),
        ("application-autoscaling", APPLICATION_AUTO_SCALING),
    )
    for operation, rule in rules.items()
}


class LimitsGuard:
    """Watches the calls of all clients of a botocore session that are made after it is installed.

    Args:
        now: the present, aware.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known = KnownActions()

    def install(self, session: Any) -> None:
        """See every call of the clients that ``session`` makes from now on."""
        session.register("before-parameter-build.*.*", self._before)
        session.register("after-call.*.*", self._after)

    def check(self, service: str, operation: str, params: Mapping[str, Any], *, region: str | None = None) -> None:
        """Refuse a call.

        Args:
            service, operation: as botocore names them, e.g. ``autoscaling`` and ``PutScheduledUpdateGroupAction``.
            params: as the API names them.

        Raises:
            LimitRefused: AWS would refuse it, or answer it with nothing.
        """
        now = self._now()
        rule = RULES.get((service, operation))
        reasons = [] if rule is None else list(rule(params, now))
        if service == "autoscaling":
            reasons += self._known.reasons(region, operation, params, now)
        if reasons:
            more = f", and {len(reasons) - 1} more such faults" if len(reasons) > 1 else ""
            raise LimitRefused(
                f"{service}:{operation} was not sent: AWS would not take it",
                why=one_safe_line(reasons[0] + more),
                next_step="Nothing was changed. If the configuration does not ask for this, it is a mistake of scaler: "
                "report it with the output of --debug.",
            )

    def _before(self, params: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_: Any) -> None:
        service = model.service_model.service_name
        self.check(service, model.name, params, region=context.get("client_region"))
        if service == "autoscaling" and isinstance(context, dict):
            context["scaler_asked"] = dict(params)

    def _after(self, parsed: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_: Any) -> None:
        if "scaler_asked" in context and "Error" not in parsed:
            self._known.learn(context.get("client_region"), model.name, context["scaler_asked"], parsed)
