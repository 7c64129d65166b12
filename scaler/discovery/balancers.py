"""Target groups → where CloudWatch counts their requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from scaler.discovery.asking import Asking, batches
from scaler.discovery.interface import Balancer

_KINDS = {"app": "application", "net": "network"}
_PER_CALL = 20


class Balancers:
    """Knows the load balancer of each target group that it has learnt."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._known: dict[str, tuple[Balancer, ...]] = {}

    def learn(self, arns: Iterable[str]) -> None:
        """Ask about target groups, many at a time; one that cannot be read leaves a gap."""
        new = sorted(set(arns) - set(self._known))
        for batch in batches(new, _PER_CALL):
            self._known.update(dict.fromkeys(batch, ()))

            described = self._asking.attempt("load balancers", partial(self._described, batch))
            for group in described or ():
                arn = str(group["TargetGroupArn"])
                self._known[arn] = tuple(_balancer(arn, str(lb)) for lb in group.get("LoadBalancerArns", ()))

    def _described(self, arns: Sequence[str]) -> list[dict[str, Any]]:
        pages = self._asking.pages(
            "elbv2", "DescribeTargetGroups", "TargetGroups", "target groups", TargetGroupArns=list(arns)
        )
        return list(pages)

    def of(self, arns: Iterable[str]) -> tuple[Balancer, ...]:
        """Where requests to these target groups are counted; none where nothing sends to them."""
        return tuple(balancer for arn in arns for balancer in self._known.get(arn, ()))

    @staticmethod
    def classic(names: Iterable[str]) -> tuple[Balancer, ...]:
        """The same of classic load balancers, which have no target groups."""
        return tuple(Balancer("classic", name, None) for name in names)


def _balancer(target_group_arn: str, load_balancer_arn: str) -> Balancer:
    # arn:…:loadbalancer/app/NAME/ID counts as app/NAME/ID, arn:…:targetgroup/NAME/ID as targetgroup/NAME/ID.
    load_balancer = load_balancer_arn.rpartition(":loadbalancer/")[2]
    target_group = target_group_arn.rpartition(":")[2]
    return Balancer(_KINDS.get(load_balancer.partition("/")[0], "gateway"), load_balancer, target_group)
