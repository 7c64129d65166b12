"""botocore clients with bounded attempts and time-outs, and the one way to call them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast

from scaler.aws.errors import profile_in_use, translate
from scaler.aws.interface import AwsClients, ClockSkewed
from scaler.aws.limits import LimitsGuard
from scaler.errors import ScalerError

#: Attempts per call, the first included. Adaptive back-off doubles up to 20 s: a minute or so at worst.
ATTEMPTS = 8
CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 60.0  # a full answer of GetMetricData is a few megabytes
#: Attempts of calls that a run goes on without: a service that fails must not hold it up.
FEW_ATTEMPTS = 2
# Where the prefix of the IAM action is not botocore's name of the service.
_IAM_PREFIX = {"service-quotas": "servicequotas"}
MAX_CLOCK_SKEW = timedelta(minutes=5)  # AWS refuses signatures beyond the same five minutes


def _now() -> datetime:
    return datetime.now(UTC)


class BotocoreClients:
    """Makes botocore clients by botocore's own selection of profile, region and endpoint.

    That is ``AWS_PROFILE``, ``AWS_REGION``, ``AWS_ENDPOINT_URL`` and ``AWS_ENDPOINT_URL_<SERVICE>``, and the
    files behind them. Clients are kept per service and region. Timestamps that a service sends as numbers
    stay seconds since the epoch for ``cloudwatch``: hundreds of thousands of ``datetime`` cost more than the call.

    Args:
        profile, region, endpoint_url: override the selection; the region only where a workload has none.
        attempts: per call, the first included.
        now: the clock that answers of AWS, and times that it is asked for, are compared with.
        guarded: refuse calls that AWS would refuse or answer with nothing, see :mod:`scaler.aws.limits`.
            Off only to put into an emulator what AWS would not take, such as old datapoints.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        attempts: int = ATTEMPTS,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        now: Callable[[], datetime] = _now,
        guarded: bool = True,
    ) -> None:
        self._profile = profile
        self._region = region
        self._endpoint_url = endpoint_url
        self._attempts = attempts
        self._read_timeout_seconds = read_timeout_seconds
        self._now = now
        self._guarded = guarded
        self._session: Any = None
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.RLock()

    @property
    def profile(self) -> str:
        """Name of the profile in use, for messages."""
        return self._profile or profile_in_use()

    def region(self, configured: str | None) -> str | None:
        """The region that a client made with ``configured`` would talk to, if one is set.

        Raises:
            AwsUnavailable: the profile does not exist, or its file cannot be read.
        """
        chosen = configured or self._region or os.environ.get("AWS_REGION")
        if chosen:
            return chosen
        try:
            found = self._open_session().get_config_variable("region")
        except Exception as error:
            raise translate(error, operation="aws:SelectRegion", resource="region", profile=self.profile) from error
        return str(found) if found else None

    def client(self, service: str, region: str | None) -> Any:
        """A client of ``service`` in ``region``, or in the default region; the same one for the same question.

        Raises:
            AwsUnavailable: no region or profile can be found.
        """
        with self._lock:
            key = (service, self.region(region))
            if key not in self._clients:
                try:
                    self._clients[key] = self._make(*key)
                except Exception as error:
                    raise translate(
                        error, operation=f"{service}:CreateClient", resource=service, profile=self.profile
                    ) from error
            return self._clients[key]

    def impatient(self) -> BotocoreClients:
        """The same selection of AWS with :data:`FEW_ATTEMPTS`."""
        return BotocoreClients(
            profile=self._profile,
            region=self._region,
            endpoint_url=self._endpoint_url,
            attempts=min(FEW_ATTEMPTS, self._attempts),
            read_timeout_seconds=self._read_timeout_seconds,
            now=self._now,
            guarded=self._guarded,
        )

    def close(self) -> None:
        """Close the connections of all clients."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _open_session(self) -> Any:
        with self._lock:
            if self._session is None:
                from botocore.session import Session

                self._session = Session(profile=self._profile)
                self._session.register("after-call.*.*", self._check_clock)
                if self._guarded:
                    LimitsGuard(self._now).install(self._session)
            return self._session

    def _make(self, service: str, region: str | None) -> Any:
        from botocore.config import Config
        from botocore.parsers import ResponseParserFactory

        session = self._open_session()
        parsers = ResponseParserFactory()
        if service == "cloudwatch":
            parsers.set_parser_defaults(timestamp_parser=_epoch_seconds)
        session.register_component("response_parser_factory", parsers)
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": self._attempts},
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=self._read_timeout_seconds,
            user_agent_extra="scaler",
        )
        made = session.create_client(service, region_name=region, endpoint_url=self._endpoint_url, config=config)
        if service == "s3" and ".amazonaws." not in made.meta.endpoint_url:
            # A server of one's own seldom has a host name for each bucket.
            config = config.merge(Config(s3={"addressing_style": "path"}))
            made = session.create_client(service, region_name=region, endpoint_url=self._endpoint_url, config=config)
        return made

    def _check_clock(self, parsed: dict[str, Any], **_: Any) -> None:
        sent = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        try:
            theirs = parsedate_to_datetime(sent) if sent else None
        except ValueError:
            theirs = None
        if theirs is None or theirs.tzinfo is None:
            return
        skew = self._now() - theirs
        if abs(skew) > MAX_CLOCK_SKEW:
            minutes = abs(skew).total_seconds() / 60
            raise ClockSkewed(
                "this machine's clock is wrong, or AWS's is",
                why=f"clock skew: {minutes:.0f} minutes {'ahead of' if skew > timedelta(0) else 'behind'} AWS, "
                f"limit {MAX_CLOCK_SKEW.total_seconds() / 60:.0f}",
                next_step="Set this machine's clock (NTP), then run the command again.",
            )


def _epoch_seconds(value: object) -> object:
    """Leave numeric timestamps alone; read any other as botocore does."""
    if isinstance(value, int | float):
        return value
    from botocore.utils import parse_timestamp

    return parse_timestamp(str(value))


def impatient(clients: AwsClients) -> AwsClients:
    """Clients that give up soon, for figures that a run goes on without; clients of another kind as they are."""
    make = getattr(clients, "impatient", None)
    return clients if make is None else cast("AwsClients", make())


def call(
    clients: AwsClients, service: str, operation: str, *, region: str | None, resource: str, **parameters: Any
) -> dict[str, Any]:
    """Call one operation once (botocore retries within its bounds), with botocore's errors translated.

    Args:
        service: botocore's name, e.g. ``cloudwatch``.
        operation: as the API names it, e.g. ``GetMetricData``.
        resource: what it is about, for messages.
        parameters: of the operation, as the API names them.

    Raises:
        AwsFailed: and its subclasses, see :func:`scaler.aws.errors.translate`.
        ClockSkewed: AWS's time and ours differ by more than :data:`MAX_CLOCK_SKEW`.
    """
    witnessed = getattr(clients, "witnessed_call", None)
    if witnessed is not None:  # the run is recorded, or made again from its record
        return cast("dict[str, Any]", witnessed(service, operation, region, resource, parameters))
    from botocore import xform_name

    try:
        client = clients.client(service, region)
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
    except ScalerError:
        raise
    except Exception as error:
        profile = getattr(clients, "profile", None)
        action = f"{_IAM_PREFIX.get(service, service)}:{operation}"
        raise translate(error, operation=action, resource=resource, profile=profile) from error
    return answer
