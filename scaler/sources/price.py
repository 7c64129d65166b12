"""What asking CloudWatch costs."""

from __future__ import annotations

from collections.abc import Collection

# https://aws.amazon.com/cloudwatch/pricing/, "API requests", as of November 2026: GetMetricData is charged per
# metric requested, the same in all regions of the commercial partition. Up to five statistics of one metric in
# one call count as one; each is counted here, so that the estimate is an upper bound. The free tier does not
# cover GetMetricData.
USD_PER_METRIC_REQUESTED = 0.01 / 1000
_OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eusc-", "eu-isoe-")


def estimated_usd(metrics_requested: int | None, regions: Collection[str | None]) -> float | None:
    """USD that AWS charges for the metrics requested from these regions.

    Returns:
        ``None`` if the metrics were not counted, or the price of a region is not known; 0 if none were requested.
    """
    if metrics_requested is None:
        return None
    if metrics_requested and any(region is None or region.startswith(_OTHER_PARTITIONS) for region in regions):
        return None
    return metrics_requested * USD_PER_METRIC_REQUESTED
