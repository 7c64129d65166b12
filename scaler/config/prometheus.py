"""A series of a Prometheus server, as configured."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from scaler.config.checks import Allowed
from scaler.config.strict import MetricConfig, Strict
from scaler.config.units import format_duration

EnvironmentVariable = Annotated[
    str, Allowed(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "the name of an environment variable, such as PROMETHEUS_TOKEN")
]


def check_url(value: str) -> str:
    """The address of a server, without the slash at its end.

    Raises:
        ValueError: not ``http(s)://host[:port][/path]``, or it holds credentials, which the message does not repeat.
    """
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user name or password: name their environment variables under auth instead")
    if parts.query or parts.fragment:
        raise ValueError("holds more than an address: leave out what follows ? or #")
    known = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not known or not value.isprintable() or " " in value:
        raise ValueError("must be the address of a server, such as https://prometheus.example.com:9090")
    return value.rstrip("/")


ServerUrl = Annotated[str, AfterValidator(check_url)]


class PrometheusAuth(Strict):
    """Who asks. Secrets stay in the environment: only the names of variables are written here."""

    bearer_token_env: EnvironmentVariable | None = Field(
        None, description="Environment variable that holds a bearer token."
    )
    username_env: EnvironmentVariable | None = Field(
        None, description="Environment variable that holds the user name of basic authentication."
    )
    password_env: EnvironmentVariable | None = Field(
        None, description="Environment variable that holds the password of basic authentication."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> PrometheusAuth:
        basic = {self.username_env is not None, self.password_env is not None}
        if basic == {True, False} or (self.bearer_token_env is not None) in basic:
            raise ValueError("give either bearer_token_env, or both username_env and password_env")
        return self

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that are named."""
        return tuple(name for name in (self.bearer_token_env, self.username_env, self.password_env) if name)


class PrometheusMetric(MetricConfig):
    """The one series that a PromQL query gives, evaluated at the end of each period."""

    query: str = Field(
        description="PromQL that gives exactly one series. It is evaluated at the end of each period and stands for "
        "that period: give ranges the length of period, e.g. sum(rate(http_requests_total[5m])).",
        min_length=1,
        max_length=10_000,
    )
    url: ServerUrl | None = Field(
        None, description="Address of the server, e.g. https://prometheus.example.com; PROMETHEUS_URL if not given."
    )
    auth: PrometheusAuth | None = Field(None, description="Credentials, by the names of environment variables.")
    ca_file: str | None = Field(
        None,
        description="PEM file of the authority that signed the server's certificate, relative to this configuration; "
        "the system's authorities if not given.",
        min_length=1,
    )

    def describe(self) -> str:
        """One line that names the series."""
        return f"prometheus {' '.join(self.query.split())} {format_duration(self.period)}"
