"""Spot: prices by zone, placement scores, and the bands of the Spot Instance Advisor."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.request import Request, urlopen

from scaler.aws.interface import AwsClients
from scaler.catalog.interface import CatalogueFailed, Price, SpotRisk
from scaler.catalog.pages import paged

PRICE_SOURCE = "DescribeSpotPriceHistory"
ADVISOR_SOURCE = "Spot Instance Advisor"
# The page of the advisor reads this; it is not an API, and nobody promises that it stays.
ADVISOR_URL = "https://spot-bid-advisor.s3.amazonaws.com/spot-advisor-data.json"
_ADVISOR_LARGEST_BYTES = 32 * 2**20
#: A score is about "now": AWS says to act on it at once.
SCORE_VALID_SECONDS = 3600
#: With fewer types the score is always low. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-placement-score.html
FEWEST_TYPES_FOR_A_SCORE = 3


def spot_prices(
    clients: AwsClients, region: str | None, names: Sequence[str], *, at: datetime
) -> dict[str, dict[str, Price]]:
    """The price in force at ``at`` of each type by zone; what has none is left out.

    Asked from ``at`` on, AWS also answers with the last change before it.

    Raises:
        AwsFailed: AWS does not answer.
    """
    latest: dict[tuple[str, str], tuple[datetime, float]] = {}
    for each in paged(
        clients, "ec2", "DescribeSpotPriceHistory", "SpotPriceHistory", region=region,
        InstanceTypes=list(names), ProductDescriptions=["Linux/UNIX", "Linux/UNIX (Amazon VPC)"],
        StartTime=at, EndTime=at,
    ):  # fmt: skip
        moment, usd = each["Timestamp"].astimezone(UTC), float(each["SpotPrice"])
        pool = (each["InstanceType"], each["AvailabilityZone"])
        if moment <= at and 0 < usd < float("inf") and (pool not in latest or latest[pool][0] < moment):
            latest[pool] = (moment, usd)
    found: dict[str, dict[str, Price]] = {}
    for (name, zone), (moment, usd) in sorted(latest.items()):
        found.setdefault(name, {})[zone] = Price(usd, moment.date(), PRICE_SOURCE)
    return found


@dataclass(frozen=True)
class PlacementScore:
    """How likely a request for spot capacity is to succeed now: 1 (unlikely) to 10.

    Attributes:
        zone_id: the zone by its id (``use1-az1``), which is not its name; ``None`` is the whole region.
        read_at: when it was read; it says nothing after :data:`SCORE_VALID_SECONDS`.
    """

    region: str
    zone_id: str | None
    score: int
    read_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether the score still says something."""
        return 0 <= (now - self.read_at).total_seconds() <= SCORE_VALID_SECONDS


def placement_scores(
    clients: AwsClients, region: str, names: Sequence[str], *, units: int, now: datetime
) -> tuple[PlacementScore, ...]:
    """Scores of the region's zones for ``units`` instances of any of the types, best first.

    A gate for what is launched within the hour, not a forecast. AWS limits new configurations per day.

    Raises:
        AwsFailed: AWS does not answer.
        ValueError: fewer than three types.
    """
    if len(names) < FEWEST_TYPES_FOR_A_SCORE:
        raise ValueError(f"a score needs at least {FEWEST_TYPES_FOR_A_SCORE} types, not {len(names)}")
    scores = paged(
        clients, "ec2", "GetSpotPlacementScores", "SpotPlacementScores", region=region,
        InstanceTypes=list(names), TargetCapacity=units, RegionNames=[region], SingleAvailabilityZone=True,
    )  # fmt: skip
    found = [PlacementScore(each["Region"], each.get("AvailabilityZoneId"), each["Score"], now) for each in scores]
    return tuple(sorted(found, key=lambda each: (-each.score, each.zone_id or "")))


def read_advisor(url: str = ADVISOR_URL, *, timeout_seconds: float = 20.0) -> bytes:
    """The advisor's data as it is served.

    Raises:
        CatalogueFailed: it cannot be had.
    """
    try:
        with urlopen(Request(url, headers={"User-Agent": "scaler"}), timeout=timeout_seconds) as answer:  # noqa: S310
            content: bytes = answer.read(_ADVISOR_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _advisor_failed(f"{url}: {error}") from None
    if len(content) > _ADVISOR_LARGEST_BYTES:
        raise _advisor_failed(f"{url} answers with more than {_ADVISOR_LARGEST_BYTES // 2**20} MiB")
    return content


def advisor_risks(
    content: bytes, region: str, *, today: date, read: Callable[[bytes], Any] = json.loads
) -> Mapping[str, SpotRisk]:
    """Risk by instance type in a region, Linux.

    Raises:
        CatalogueFailed: it is not the advisor's data.
    """
    try:
        given = read(content)
        labels = {each["index"]: str(each["label"]) for each in given["ranges"]}
        return {
            name: SpotRisk(labels[each["r"]], int(each["s"]), today, ADVISOR_SOURCE)
            for name, each in given["spot_advisor"].get(region, {}).get("Linux", {}).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _advisor_failed(f"its data are not as they were: {type(error).__name__} {error}") from None


def _advisor_failed(why: str) -> CatalogueFailed:
    return CatalogueFailed(
        "the Spot Instance Advisor cannot be read",
        why=why,
        next_step="go on without it: interruption bands are then unknown; the feed is unofficial and may have moved",
    )
