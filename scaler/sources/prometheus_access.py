"""Where a Prometheus server is, as whom it is asked, and whether its clock is ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from scaler.aws.interface import ClockSkewed
from scaler.config import PrometheusMetric
from scaler.config.prometheus import PrometheusAuth, check_url
from scaler.errors import ConfigurationError

URL_VARIABLE = "PROMETHEUS_URL"
MAX_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Access:
    """Where a server is, and as whom it is asked.

    Attributes:
        variables: environment variables that hold the credentials.
        headers: of each request; never shown, as they hold secrets.
        secrets: texts that no message may contain.
    """

    url: str
    ca_file: Path | None = None
    variables: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def without_secrets(self, text: str) -> str:
        """``text`` with every secret blotted out."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "[redacted]")
        return text


def access_of(metric: PrometheusMetric, root: Path, environment: Mapping[str, str]) -> Access:
    """Where and as whom the metric is asked for.

    Args:
        root: folder that ``ca_file`` starts from.

    Raises:
        ConfigurationError: no address, a variable that is not set, or a file that is not there.
    """
    ca_file = None if metric.ca_file is None else root / metric.ca_file
    if ca_file is not None and not ca_file.is_file():
        raise ConfigurationError(
            f"the file {metric.ca_file} does not exist",
            why=f"ca_file of the Prometheus server: looked for {ca_file}",
            next_step="Correct ca_file; it is relative to the configuration file.",
        )
    return Access(_url(metric), ca_file, *_credentials(metric.auth, environment))


def _url(metric: PrometheusMetric) -> str:
    if metric.url is None:
        raise ConfigurationError(
            "no Prometheus server is named",
            why=f"the metric has no url, and {URL_VARIABLE} is not set",
            next_step=f"Write url under prometheus, or set {URL_VARIABLE}.",
        )
    try:
        return check_url(metric.url)
    except ValueError as error:
        raise ConfigurationError(
            f"{URL_VARIABLE} is no address of a server",
            why=f"it {error}",
            next_step=f"Set {URL_VARIABLE} to an address such as https://prometheus.example.com:9090.",
        ) from None


def _credentials(
    auth: PrometheusAuth | None, environment: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str], tuple[str, ...]]:
    import urllib3

    if auth is None:
        return (), {}, ()
    values: list[str] = []
    for name in auth.variables:
        value = environment.get(name, "")
        if not value or not value.isprintable():
            raise ConfigurationError(
                f"the environment variable {name} {'cannot be a credential' if value else 'is not set'}",
                why="it holds a line end or another control character"
                if value
                else "auth of the Prometheus server names it",
                next_step=f"Set {name}, or correct its name under prometheus.auth.",
            )
        values.append(value)
    if auth.bearer_token_env is not None:
        headers, secrets = {"Authorization": f"Bearer {values[0]}"}, values
    else:
        user, password = values
        headers = dict(urllib3.make_headers(basic_auth=f"{user}:{password}"))
        headers = {"Authorization": headers["authorization"]}
        secrets = [password, headers["Authorization"].removeprefix("Basic ")]
    return auth.variables, headers, tuple(secrets)


def refuse_skew(sent: str | None, now: datetime) -> None:
    """Refuse a server whose time is not ours; the newest bucket of one would be the future of the other.

    Args:
        sent: the header ``Date`` of its answer; without one nothing is known.

    Raises:
        ClockSkewed: more than :data:`MAX_CLOCK_SKEW` apart.
    """
    try:
        theirs = parsedate_to_datetime(sent) if sent else None
    except ValueError:
        return
    if theirs is None or theirs.tzinfo is None or abs(now - theirs) <= MAX_CLOCK_SKEW:
        return
    minutes = abs(now - theirs).total_seconds() / 60
    raise ClockSkewed(
        "this machine's clock is wrong, or the Prometheus server's is",
        why=f"clock skew: {minutes:.0f} minutes {'ahead of' if now > theirs else 'behind'} the server, "
        f"limit {MAX_CLOCK_SKEW.total_seconds() / 60:.0f}",
        next_step="Set the clocks (NTP), then run the command again.",
    )
