"""A series of CloudWatch, as configured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from math import lcm
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from scaler.config.checks import Allowed, InvalidAt
from scaler.config.expression import check_expression
from scaler.config.names import Region
from scaler.config.strict import MetricConfig, Statistic, Strict
from scaler.config.units import format_duration

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html: points of a
# period below 60 s are kept 3 hours, of 60 s 15 days, of 300 s 63 days, of 3600 s 455 days.
RETENTION = (
    (timedelta(hours=1), timedelta(days=455)),
    (timedelta(minutes=5), timedelta(days=63)),
    (timedelta(minutes=1), timedelta(days=15)),
)

# Limits of CloudWatch's API reference, types Dimension and MetricDataQuery.
DimensionName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
DimensionValue = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
AccountId = Annotated[str, Allowed(r"[0-9]{12}", 'the 12 digits of an account, in quotes: "123456789012"')]
MathName = Annotated[str, Allowed(r"[a-z][A-Za-z0-9_]{0,99}", "a name of metric math, such as m1 or errors")]


class MathInput(Strict):
    """One metric of an expression."""

    namespace: str = Field(description="CloudWatch namespace, e.g. AWS/ApplicationELB.", min_length=1, max_length=255)
    metric: str = Field(description="Metric name, e.g. RequestCount.", min_length=1, max_length=255)
    dimensions: dict[DimensionName, DimensionValue] = Field(
        default_factory=dict, description="Dimension names and values; all of them, exactly.", max_length=30
    )
    statistic: Statistic = Field("Average", description="How a point sums up its period, e.g. Sum, Average, p95.")
    account: AccountId | None = Field(
        None, description="Account that owns the metric, where this one monitors it. In quotes."
    )


class CloudWatchMetric(MetricConfig):
    """A CloudWatch metric, named as ``GetMetricData`` names it; or metric math over several."""

    namespace: str | None = Field(
        None, description="CloudWatch namespace, e.g. AWS/ApplicationELB.", min_length=1, max_length=255
    )
    metric: str | None = Field(None, description="Metric name, e.g. RequestCount.", min_length=1, max_length=255)
    dimensions: dict[DimensionName, DimensionValue] = Field(
        default_factory=dict, description="Dimension names and values; all of them, exactly.", max_length=30
    )
    expression: str | None = Field(
        None,
        description="Metric math over metrics, instead of namespace and metric, e.g. m1 + m2. Statistic then says how "
        "a point of the result sums up its period: Sum if it counts events.",
        min_length=1,
        max_length=1024,
    )
    metrics: dict[MathName, MathInput] = Field(
        default_factory=dict, description="The metrics of an expression by the names it has for them.", max_length=10
    )
    account: AccountId | None = Field(
        None, description="Account that owns the metric, where this one monitors it. In quotes."
    )
    region: Region | None = Field(None, description="Region that holds the metric; the workload's if not given.")
    layered: bool = Field(
        False,
        description="Read coarser points where CloudWatch no longer keeps those of period: 5m beyond 15 days, 1h "
        "beyond 63 days, up to 455 days. A coarser point then stands for all the periods in it.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> CloudWatchMetric:
        if self.expression is not None:
            if self.namespace is not None or self.metric is not None or self.dimensions or self.account is not None:
                raise ValueError(
                    "give either namespace and metric, or expression and metrics: with an expression, "
                    "namespace, metric, dimensions and account belong to each of metrics"
                )
            try:
                check_expression(self.expression, self.metrics)
            except ValueError as wrong:
                raise InvalidAt(str(wrong), "expression") from None
        elif self.metrics:
            raise InvalidAt("is missing: it says what to do with metrics, e.g. m1 + m2", "expression")
        elif self.namespace is None:
            raise InvalidAt("is missing", "namespace")
        elif self.metric is None:
            raise InvalidAt("is missing", "metric")
        return self

    @property
    def inputs(self) -> Mapping[str, MathInput]:
        """The metrics that are read: those of the expression, or the one metric under the name ``""``."""
        if self.expression is not None:
            return self.metrics
        return {
            "": MathInput(
                namespace=self.namespace or "",
                metric=self.metric or "",
                dimensions=self.dimensions,
                statistic=self.statistic,
                account=self.account,
            )
        }

    def retention(self) -> timedelta:
        """How long CloudWatch keeps points of this period: a start before that needs a multiple of a longer one."""
        return self.layers()[0][1]

    def layers(self) -> tuple[tuple[int, timedelta], ...]:
        """Periods to ask for, in seconds, and how long CloudWatch keeps each; finest first, one unless layered."""
        own = self.period_seconds
        kept = next((kept for period, kept in RETENTION if not own % int(period.total_seconds())), timedelta(hours=3))
        if not self.layered:
            return ((own, kept),)
        coarser = [
            (lcm(own, int(period.total_seconds())), longer) for period, longer in reversed(RETENTION) if longer > kept
        ]
        return ((own, kept), *coarser)

    def reach(self) -> timedelta:
        """How far back there can be points at all."""
        return self.layers()[-1][1]

    def describe(self) -> str:
        """One line that names the series."""
        if self.expression is not None:
            inputs = ", ".join(
                f"{name} = {_named(each)} {each.statistic}" for name, each in sorted(self.metrics.items())
            )
            what = f"{' '.join(self.expression.split())} of {inputs}"
        else:
            what = _named(self.inputs[""])
        coarser = ", coarser when older" if self.layered else ""
        return f"cloudwatch {what} {self.statistic} {format_duration(self.period)}{coarser}"


def _named(metric: MathInput) -> str:
    dimensions = ",".join(f"{name}={value}" for name, value in sorted(metric.dimensions.items()))
    account = f" of {metric.account}" if metric.account else ""
    return f"{metric.namespace} {metric.metric}{f'{{{dimensions}}}' if dimensions else ''}{account}"
