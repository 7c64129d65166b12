"""How a Prometheus server is reached: address, credentials from the environment, TLS, proxy, attempts."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from scaler.aws.interface import ClockSkewed
from scaler.config import PrometheusMetric
from scaler.config.prometheus import PrometheusAuth, check_url
from scaler.errors import ConfigurationError

if TYPE_CHECKING:
    import urllib3

URL_VARIABLE = "PROMETHEUS_URL"
ATTEMPTS = 4
CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 60.0
#: For one question, all attempts and waits included.
DEADLINE_SECONDS = 180.0
#: Before the second retry; doubles after each.
BACKOFF_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
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


def connect(access: Access) -> urllib3.PoolManager:
    """Connections to the server: certificates are always verified, and a proxy of the environment is used.

    Raises:
        ConfigurationError: ``ca_file`` is no file of certificates.
    """
    import urllib3

    context = ssl.create_default_context()
    if access.ca_file is not None:
        try:
            context.load_verify_locations(cafile=access.ca_file)
        except (ssl.SSLError, OSError) as error:
            raise ConfigurationError(
                f"{access.ca_file} holds no certificate that can be read",
                why=str(error),
                next_step="Name the PEM file of the authority that signed the server's certificate.",
            ) from error
    options: dict[str, Any] = {
        "headers": {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "scaler", **access.headers},
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS),
        "retries": _retries(),
        "ssl_context": context,
    }
    proxy = _proxy(access.url)
    return urllib3.PoolManager(**options) if proxy is None else urllib3.ProxyManager(proxy, **options)


def _retries() -> urllib3.Retry:
    import urllib3

    class WithinDeadline(urllib3.Retry):
        """Stops where another attempt could end after the deadline; a server cannot ask for a longer wait."""

        deadline: float | None = None

        def increment(self, *args: Any, **kwargs: Any) -> WithinDeadline:
            now = time.monotonic()
            # The first attempt has failed, after READ_TIMEOUT_SECONDS at most.
            deadline = self.deadline or now + DEADLINE_SECONDS - READ_TIMEOUT_SECONDS
            if now + READ_TIMEOUT_SECONDS > deadline:
                self.total = 0  # the base class then raises
            successor: WithinDeadline = super().increment(*args, **kwargs)
            successor.deadline = deadline
            return successor

        def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
            asked = super().get_retry_after(response)
            return None if asked is None else min(asked, self.backoff_max)

    return WithinDeadline(
        total=ATTEMPTS - 1,
        other=0,  # a certificate that is not trusted now is not trusted in a second
        redirect=0,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET", "POST"),  # a query changes nothing, however it is sent
        backoff_factor=BACKOFF_SECONDS,
        backoff_max=LONGEST_WAIT_SECONDS,
        raise_on_status=False,
        raise_on_redirect=False,
    )


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for this address, as other tools understand it."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return None
    return getproxies().get(parts.scheme)


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
