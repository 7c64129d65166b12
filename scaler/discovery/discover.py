"""Looks at an account and region: calls that describe and list, and no other."""

from __future__ import annotations

from scaler.aws.interface import AwsClients
from scaler.discovery.asking import Asking
from scaler.discovery.balancers import Balancers
from scaler.discovery.groups import find_groups
from scaler.discovery.interface import Found
from scaler.discovery.services import find_services, find_variants


def discover(clients: AwsClients, region: str | None = None) -> Found:
    """What runs in the account of ``clients``.

    Args:
        region: where to look; botocore's own selection if not given.

    Raises:
        AwsFailed: AWS does not answer, or Auto Scaling groups may not be listed. Anything else that may not be
            read is one of the gaps of the answer.
    """
    asking = Asking(clients, region)
    balancers = Balancers(asking)
    # First, as it fails without a region; the identity alone would be told by some other region.
    groups = find_groups(asking, balancers)
    caller = asking.once("sts", "GetCallerIdentity", "the caller's identity")
    return Found(
        account=caller.get("Account"),
        region=clients.region(region),
        groups=groups,
        services=find_services(asking, balancers),
        variants=find_variants(asking),
        gaps=tuple(dict.fromkeys(asking.gaps)),
    )
