"""Names that exist in CloudWatch and look like one that does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scaler.aws.interface import AwsClients
from scaler.aws.session import call
from scaler.config import CloudWatchMetric
from scaler.config.cloudwatch import MathInput
from scaler.errors import ScalerError
from scaler.sources.interface import MetricQuery
from scaler.sources.near_names import near

MAX_PAGES = 10  # of 500 metrics each: a hint is not worth listing an account of a hundred thousand


def near_metrics(clients: AwsClients, query: MetricQuery) -> tuple[str, ...]:
    """Look-alikes of the query's metric: other dimensions first, then other metrics, then other namespaces.

    Of an expression, those of its first metric that does not exist. Never raises: this is a hint beside a
    message, and must not replace the message. ListMetrics leaves out metrics that have been silent for two weeks.
    """
    if not isinstance(query.metric, CloudWatchMetric):
        return ()
    try:
        found = (_near(clients, query, metric) for _, metric in sorted(query.metric.inputs.items()))
        return next(filter(None, found), ())
    except ScalerError:
        return ()


def _near(clients: AwsClients, query: MetricQuery, metric: MathInput) -> tuple[str, ...]:
    owner = {"IncludeLinkedAccounts": True, "OwningAccount": metric.account} if metric.account else {}
    same = list(_listed(clients, query, Namespace=metric.namespace, MetricName=metric.metric, **owner))
    wanted = _dimensions(metric.dimensions.items())
    if same:
        listed = [_dimensions(_pairs(each)) for each in same]
        return () if wanted in listed else near(wanted, listed, cutoff=0.0)
    siblings = {str(each["MetricName"]) for each in _listed(clients, query, Namespace=metric.namespace, **owner)}
    if siblings:
        return near(metric.metric, siblings)
    namespaces = {str(each["Namespace"]) for each in _listed(clients, query, **owner)}
    return tuple(f"{namespace} {metric.metric}" for namespace in near(metric.namespace, namespaces))


def _listed(clients: AwsClients, query: MetricQuery, **narrowed: Any) -> Iterator[dict[str, Any]]:
    token: str | None = None
    for _ in range(MAX_PAGES):
        page = call(
            clients,
            "cloudwatch",
            "ListMetrics",
            region=query.region,
            resource=query.metric.describe(),
            **narrowed,
            **({"NextToken": token} if token else {}),
        )
        yield from page.get("Metrics", ())
        token = page.get("NextToken")
        if not token:
            return


def _pairs(listed: dict[str, Any]) -> list[tuple[str, str]]:
    return [(dimension["Name"], dimension["Value"]) for dimension in listed.get("Dimensions", ())]


def _dimensions(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{name}={value}" for name, value in sorted(pairs)) + "}"
