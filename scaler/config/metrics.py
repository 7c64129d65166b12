"""Where a series comes from, as configured."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from scaler.config.checks import Allowed, InvalidAt
from scaler.config.units import Duration, format_duration

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html: points of a
# period below 60 s are kept 3 hours, of 60 s 15 days, of 300 s 63 days, of 3600 s 455 days.
RETENTION = (
    (timedelta(hours=1), timedelta(days=455)),
    (timedelta(minutes=5), timedelta(days=63)),
    (timedelta(minutes=1), timedelta(days=15)),
)

Statistic = Annotated[
    str,
    Allowed(
        r"Sum|Average|Maximum|Minimum|SampleCount|p[0-9]{1,2}(\.[0-9]{1,2})?|p100",
        "Sum, Average, Maximum, Minimum, SampleCount or a percentile such as p95",
    ),
]
# Limits of CloudWatch's API reference, type Dimension.
DimensionName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
DimensionValue = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class Strict(BaseModel):
    """Base of all configuration: frozen, closed, finite, and nothing converted silently (``true`` is not 1)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class MetricConfig(Strict):
    """What every metric has."""

    statistic: Statistic = Field("Average", description="How a point sums up its period, e.g. Sum, Average, p95.")
    period: Duration = Field(
        timedelta(minutes=5), description="Time that one point stands for: whole minutes that divide a day, e.g. 5m."
    )

    @property
    def period_seconds(self) -> int:
        """The period in seconds."""
        return int(self.period.total_seconds())

    def describe(self) -> str:
        """One line that names the series."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _divides_a_day(self) -> MetricConfig:
        if self.period_seconds % 60 or 86_400 % self.period_seconds:
            raise InvalidAt("must be a whole number of minutes that divides a day, such as 1m, 5m or 1h", "period")
        return self


class CloudWatchMetric(MetricConfig):
    """A CloudWatch metric, named as ``GetMetricData`` names it."""

    namespace: str = Field(description="CloudWatch namespace, e.g. AWS/ApplicationELB.", min_length=1, max_length=255)
    metric: str = Field(description="Metric name, e.g. RequestCount.", min_length=1, max_length=255)
    dimensions: dict[DimensionName, DimensionValue] = Field(
        default_factory=dict, description="Dimension names and values; all of them, exactly.", max_length=30
    )

    def retention(self) -> timedelta:
        """How long CloudWatch keeps points of this period."""
        return next((kept for period, kept in RETENTION if self.period >= period), timedelta(hours=3))

    def describe(self) -> str:
        """One line that names the series."""
        dimensions = ",".join(f"{name}={value}" for name, value in sorted(self.dimensions.items()))
        where = f"{{{dimensions}}}" if dimensions else ""
        return f"cloudwatch {self.namespace} {self.metric}{where} {self.statistic} {format_duration(self.period)}"


class FileMetric(MetricConfig):
    """A series in a CSV or Parquet file with columns ``unique_id, ds, y``."""

    path: str = Field(description="The file, relative to this configuration.", min_length=1)
    unique_id: str | None = Field(None, description="Which series of the file; the workload's name if not given.")

    def describe(self) -> str:
        """One line that names the series."""
        return f"file {self.path} {self.unique_id or ''} {self.statistic} {format_duration(self.period)}".replace(
            "  ", " "
        )


class MetricSource(Strict):
    """Exactly one of the sources."""

    cloudwatch: CloudWatchMetric | None = Field(None, description="Read from CloudWatch.")
    file: FileMetric | None = Field(None, description="Read from a file.")

    @model_validator(mode="after")
    def _exactly_one(self) -> MetricSource:
        if (self.cloudwatch is None) == (self.file is None):
            raise ValueError("give exactly one of cloudwatch, file")
        return self

    @property
    def metric(self) -> CloudWatchMetric | FileMetric:
        """The one that is given."""
        metric = self.cloudwatch or self.file
        assert metric is not None  # noqa: S101 - held by the validator
        return metric


class LoadConfig(MetricSource):
    """The load metric of a workload."""

    missing: Literal["gap", "zero"] = Field(
        "gap",
        description="What an absent point means. 'zero' where the metric is silent when nothing happens; "
        "a gap is never read as zero otherwise.",
    )


class InstanceCount(Strict):
    """How many instances a utilisation was measured over."""

    count: int | None = Field(None, ge=1, description="A fixed number of instances.")
    cloudwatch: CloudWatchMetric | None = Field(None, description="E.g. AWS/AutoScaling GroupInServiceInstances.")
    file: FileMetric | None = Field(None, description="Read from a file.")

    @model_validator(mode="after")
    def _exactly_one(self) -> InstanceCount:
        if sum(value is not None for value in (self.count, self.cloudwatch, self.file)) != 1:
            raise ValueError("give exactly one of count, cloudwatch, file")
        return self

    @property
    def metric(self) -> CloudWatchMetric | FileMetric | None:
        """The metric, or ``None`` for a fixed count."""
        return self.cloudwatch or self.file
