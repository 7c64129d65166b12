"""Auto Scaling in its query protocol, one record per page, with refusals on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.standins.http import Answer, StandIn

NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"


@dataclass
class AutoScalingStandIn(StandIn):
    """Answers DescribeAutoScalingGroups and DescribeScheduledActions.

    Attributes:
        groups: ``(min, max, desired)`` by name.
        actions: names of scheduled actions by group.
        denied: operations that are refused.
        denied_groups: groups whose scheduled actions may not be read.
        repeat_token: every page carries the same token.
    """

    groups: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    actions: dict[str, list[str]] = field(default_factory=dict)
    deleting: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    denied_groups: frozenset[str] = frozenset()
    repeat_token: bool = False
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request of the query protocol."""
        asked = parse_qs(body.decode())
        self.asked.append(asked)
        operation = asked["Action"][0]
        group = asked.get("AutoScalingGroupName", [""])[0]
        if operation in self.denied or group in self.denied_groups:
            error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no {operation}</Message></Error>"
            return Answer(f'<ErrorResponse xmlns="{NAMESPACE}">{error}</ErrorResponse>'.encode(), "text/xml", 403)
        if operation == "DescribeAutoScalingGroups":
            names = [values[0] for key, values in asked.items() if key.startswith("AutoScalingGroupNames.member.")]
            records, member = [self._group(name) for name in names if name in self.groups], "AutoScalingGroups"
        else:
            records, member = [_action(name) for name in self.actions.get(group, ())], "ScheduledUpdateGroupActions"
        page = int(asked.get("NextToken", ["0"])[0])
        more = self.repeat_token or page + 1 < len(records)
        token = f"<NextToken>{1 if self.repeat_token else page + 1}</NextToken>" if more else ""
        shown = "".join(f"<member>{record}</member>" for record in records[page : page + 1])
        result = f"<{operation}Result><{member}>{shown}</{member}>{token}</{operation}Result>"
        return Answer(f'<{operation}Response xmlns="{NAMESPACE}">{result}</{operation}Response>'.encode(), "text/xml")

    def _group(self, name: str) -> str:
        smallest, largest, desired = self.groups[name]
        status = "<Status>Delete in progress</Status>" if name in self.deleting else ""
        return (
            f"<AutoScalingGroupName>{name}</AutoScalingGroupName><MinSize>{smallest}</MinSize>"
            f"<MaxSize>{largest}</MaxSize><DesiredCapacity>{desired}</DesiredCapacity>{status}"
        )


def _action(name: str) -> str:
    return (
        f"<ScheduledActionName>{name}</ScheduledActionName><StartTime>2026-11-22T10:00:00Z</StartTime>"
        "<MinSize>3</MinSize>"
    )
