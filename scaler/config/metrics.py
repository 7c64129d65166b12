"""Where a series comes from, as configured."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from pydantic import Field, model_validator

from scaler.config.checks import InvalidAt
from scaler.config.cloudwatch import CloudWatchMetric
from scaler.config.prometheus import PrometheusMetric
from scaler.config.strict import MetricConfig, Strict
from scaler.config.units import format_duration

FileFormat = Literal["csv", "parquet", "jsonl"]
#: Standard input, written as a path.
STANDARD_INPUT = "-"
_SUFFIXES: dict[str, FileFormat] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


class FileMetric(MetricConfig):
    """A series in a CSV, Parquet or JSON lines file with columns ``unique_id, ds, y``."""

    path: str = Field(
        description="The file, relative to this configuration; CSV and JSON lines may be compressed as .gz. "
        "'-' is standard input, and needs format.",
        min_length=1,
    )
    format: FileFormat | None = Field(
        None, description="What the file is; told by its suffix (.csv, .parquet, .jsonl, .ndjson) if not given."
    )
    unique_id: str | None = Field(None, description="Which series of the file; the workload's name if not given.")

    @model_validator(mode="after")
    def _format_known(self) -> FileMetric:
        if self.format is None and self._told_by_suffix() is None:
            what = "standard input has no suffix" if self.path == STANDARD_INPUT else "the suffix of path does not tell"
            raise InvalidAt(f"is needed: {what}; write csv, parquet or jsonl", "format")
        return self

    @property
    def file_format(self) -> FileFormat:
        """The format given, or told by the suffix."""
        found = self.format or self._told_by_suffix()
        assert found is not None  # noqa: S101 - held by the validator
        return found

    def _told_by_suffix(self) -> FileFormat | None:
        path = PurePath(self.path.lower())
        name = path.with_suffix("") if path.suffix == ".gz" else path
        return _SUFFIXES.get(name.suffix)

    def describe(self) -> str:
        """One line that names the series."""
        path = "standard input" if self.path == STANDARD_INPUT else self.path
        return f"file {path} {self.unique_id or ''} {self.statistic} {format_duration(self.period)}".replace("  ", " ")


SourceMetric = CloudWatchMetric | PrometheusMetric | FileMetric
"""Every metric that a source answers."""


class MetricSource(Strict):
    """Exactly one of the sources."""

    cloudwatch: CloudWatchMetric | None = Field(None, description="Read from CloudWatch.")
    prometheus: PrometheusMetric | None = Field(None, description="Read from a Prometheus server.")
    file: FileMetric | None = Field(None, description="Read from a file.")

    @model_validator(mode="after")
    def _exactly_one(self) -> MetricSource:
        if sum(metric is not None for metric in (self.cloudwatch, self.prometheus, self.file)) != 1:
            raise ValueError("give exactly one of cloudwatch, prometheus, file")
        return self

    @property
    def metric(self) -> SourceMetric:
        """The one that is given."""
        metric = self.cloudwatch or self.prometheus or self.file
        assert metric is not None  # noqa: S101 - held by the validator
        return metric

    @property
    def kind(self) -> str:
        """The key of the one that is given."""
        return "cloudwatch" if self.cloudwatch else "prometheus" if self.prometheus else "file"


class LoadConfig(MetricSource):
    """The load metric of a workload."""

    missing: Literal["gap", "zero"] = Field(
        "gap",
        description="What an absent point means. 'zero' where the metric is silent when nothing happens; "
        "a gap is never read as zero otherwise.",
    )
    negative: Literal["refuse", "gap", "zero"] = Field(
        "refuse",
        description="What a negative value means: 'gap' reads it as missing, 'zero' as nothing; "
        "otherwise the history is refused, as no load is negative.",
    )
    counter: bool = Field(
        False,
        description="Whether the metric is a counter, which only rises until it is reset; "
        "the load is then how fast it rises.",
    )

    @model_validator(mode="after")
    def _counter_in_one_layer(self) -> LoadConfig:
        if self.counter and self.cloudwatch is not None and self.cloudwatch.layered:
            raise InvalidAt(
                "cannot be read of a counter: the highest reading of an hour says nothing of the periods in it",
                "cloudwatch",
                "layered",
            )
        return self


class InstanceCount(Strict):
    """How many instances a utilisation was measured over."""

    count: int | None = Field(None, ge=1, description="A fixed number of instances.")
    cloudwatch: CloudWatchMetric | None = Field(None, description="E.g. AWS/AutoScaling GroupInServiceInstances.")
    prometheus: PrometheusMetric | None = Field(None, description="Read from a Prometheus server.")
    file: FileMetric | None = Field(None, description="Read from a file.")

    @model_validator(mode="after")
    def _exactly_one(self) -> InstanceCount:
        if sum(value is not None for value in (self.count, self.cloudwatch, self.prometheus, self.file)) != 1:
            raise ValueError("give exactly one of count, cloudwatch, prometheus, file")
        return self

    @property
    def metric(self) -> SourceMetric | None:
        """The metric, or ``None`` for a fixed count."""
        return self.cloudwatch or self.prometheus or self.file
