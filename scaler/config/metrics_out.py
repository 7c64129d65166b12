"""Where the figures of runs go, for dashboards and alerts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from scaler.config.checks import Allowed
from scaler.config.prometheus import PrometheusAuth, ServerUrl
from scaler.config.strict import Strict

ProjectName = Annotated[
    str, Allowed(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", "1 to 63 letters, digits, dots, dashes or underscores")
]


class MetricsConfig(Strict):
    """Figures of every run, as gauges."""

    project: ProjectName = Field("scaler", description="Tells several configurations apart: the label project.")
    textfile: str | None = Field(
        None,
        min_length=1,
        description="Folder of the textfile collector of Prometheus' node exporter, relative to this file; "
        "scaler-PROJECT-COMMAND.prom is written there.",
    )
    pushgateway: ServerUrl | None = Field(
        None, description="Address of a Pushgateway of Prometheus, e.g. http://pushgateway.example.com:9091."
    )
    pushgateway_auth: PrometheusAuth | None = Field(
        None, description="Credentials of the Pushgateway, by the names of environment variables."
    )
    emf: bool | str = Field(
        False,
        description="CloudWatch's embedded metric format, a line of JSON for each workload: true for standard error, "
        "or the file that lines are appended to, relative to this file.",
    )

    @model_validator(mode="after")
    def _auth_has_a_server(self) -> MetricsConfig:
        if self.pushgateway_auth is not None and self.pushgateway is None:
            raise ValueError("gives pushgateway_auth and no pushgateway")
        return self
