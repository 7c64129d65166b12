"""What runs now in AWS, whatever the kind of target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scaler.aws.interface import AwsClients, AwsUnavailable
from scaler.aws.session import call
from scaler.config import Workload
from scaler.config.targets import KINDS
from scaler.errors import ScalerError
from scaler.live.applications import ApplicationLive
from scaler.live.asg import AutoScalingLive, without_live
from scaler.live.interface import Asked, Identity, LiveGroup
from scaler.live.offline import configured
from scaler.live.settings import owned_settings

State = LiveGroup | ScalerError | None


class AwsLive:
    """Reads targets of all kinds; asks AWS only where the configuration gives no sizes.

    Kubernetes is never asked: of a node pool or deployment only what the configuration gives is known.
    """

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._groups = AutoScalingLive(clients)
        self._applications = ApplicationLive(clients)
        self._regions: set[str | None] = set()

    def read(self, workloads: Sequence[Workload]) -> dict[str, State]:
        """The live group of each workload by name.

        ``None`` where it does not exist yet, or is Kubernetes'; the error where it could not be read.
        """
        asked = {w.name: asked_of(w) for w in workloads if w.live is None and w.target.facts.service is not None}
        states = self.states(asked.values())
        return {w.name: states[asked[w.name]] if w.name in asked else configured(w) for w in workloads}

    def states(self, asked: Iterable[Asked]) -> dict[Asked, State]:
        """The targets asked for, each once."""
        every = set(asked)
        groups = [each for each in every if KINDS[each.kind].service == "autoscaling"]
        others = sorted(
            (each for each in every if KINDS[each.kind].service == "application-autoscaling"),
            key=lambda each: (each.region or "", each.kind, each.name),
        )
        found = self._groups.groups(groups) | {
            each: without_live(state) if isinstance(state, AwsUnavailable) else state
            for each, state in self._applications.targets(others).items()
        }
        self._regions |= {each.region for each, state in found.items() if not isinstance(state, ScalerError)}
        return found

    def identity(self) -> Identity:
        """Account and region that were read; unknown if AWS was not asked.

        The region is unknown, too, where targets of several were read.

        Raises:
            AwsFailed: AWS was asked, but does not say who we are.
        """
        if not self._regions:
            return Identity(account=None, region=None)
        regions = {self._clients.region(region) for region in self._regions}
        caller = call(
            self._clients,
            "sts",
            "GetCallerIdentity",
            region=min(self._regions, key=lambda region: region or ""),
            resource="the caller's identity",
        )
        return Identity(account=caller.get("Account"), region=regions.pop() if len(regions) == 1 else None)


def asked_of(workload: Workload) -> Asked:
    """What is read for a plan of the workload."""
    return Asked(workload.target.kind, workload.region, workload.target.name, owned_settings(workload))
