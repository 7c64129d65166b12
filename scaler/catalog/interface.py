"""Port of the catalogue: instance types, their hardware, and prices with the day each was true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from scaler.catalog.commitment import CommittedRate, Holdings
from scaler.errors import ConfigurationError, Failed, Refused

PriceKind = Literal["on-demand", "spot"]


@dataclass(frozen=True)
class Price:
    """USD per instance-hour, Linux, shared tenancy.

    Attributes:
        usd_per_hour: above zero. An unknown price is no ``Price`` at all, never one of zero.
        as_of: the day on which it was true, UTC.
        source: whom it is from, in a few words.
    """

    usd_per_hour: float
    as_of: date
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.usd_per_hour < float("inf"):
            raise ValueError(f"a price is above zero and finite, not {self.usd_per_hour}")

    def age_days(self, today: date) -> int:
        """Days from :attr:`as_of` to ``today``; negative where the price is of a later day."""
        return (today - self.as_of).days


@dataclass(frozen=True)
class Gpu:
    """GPUs of one instance.

    Attributes:
        count: GPUs; a fraction where an instance has a part of one.
        memory_mib: memory of each GPU (of the part, where it is one); ``None`` is unknown.
    """

    name: str
    count: float
    memory_mib: int | None


@dataclass(frozen=True)
class Hardware:
    """What one instance of a type has.

    Attributes:
        architecture: ``x86_64`` or ``arm64``; of several, the first that AWS names.
        as_of: the day on which it was read, UTC.
    """

    instance_type: str
    vcpus: int
    memory_mib: int
    architecture: str | None
    gpu: Gpu | None
    as_of: date
    source: str


@dataclass(frozen=True)
class SpotRisk:
    """What the Spot Instance Advisor says of a type in a region (unofficial feed, trailing month).

    Attributes:
        interruptions: share of instances that were interrupted, as text, e.g. ``5-10%``.
        savings_percent: average saving against on-demand.
    """

    interruptions: str
    savings_percent: int
    as_of: date
    source: str


@dataclass(frozen=True)
class Entry:
    """One instance type in one region; ``None`` and empty are unknown.

    Attributes:
        spot: latest spot price by availability zone.
        zones: zones that offer the type; ``None`` is unknown, empty is none.
        committed: rates of savings plans, reservations and blocks, as far as they are known.
    """

    hardware: Hardware
    on_demand: Price | None = None
    spot: Mapping[str, Price] = field(default_factory=dict)
    risk: SpotRisk | None = None
    zones: tuple[str, ...] | None = None
    committed: tuple[CommittedRate, ...] = ()

    @property
    def instance_type(self) -> str:
        """Name of the type."""
        return self.hardware.instance_type

    @property
    def dearest_spot(self) -> Price | None:
        """The highest of the zones' spot prices: AWS picks the zone, so that a cheaper one is not promised."""
        return max(self.spot.values(), key=lambda price: price.usd_per_hour, default=None)


@dataclass(frozen=True)
class Catalogue:
    """Instance types of one region.

    Attributes:
        region: the region that prices, zones and risk are of.
        entries: by instance type.
        origin: where most of it is from, in a few words.
        notes: what could not be had, one line each.
        held: commitments that are paid for already; ``None`` is unknown.
    """

    region: str | None
    entries: Mapping[str, Entry]
    origin: str
    notes: tuple[str, ...] = ()
    held: Holdings | None = None


class FigureStore(Protocol):
    """Where a catalogue is kept between runs."""

    def read(self, key: str) -> bytes | None:
        """The bytes under ``key``, ``None`` if there are none."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Put ``data`` under ``key`` in one step."""
        ...


class UnknownName(ConfigurationError):
    """The configuration names an instance type or a region that does not exist, as far as is known.

    Attributes:
        more: other names of the same configuration that do not exist.
    """

    more: tuple[UnknownName, ...] = ()


class FigureRefused(Refused):
    """A figure that was kept is NaN or infinite: nothing is worked out from it."""


class CatalogueFailed(Failed):
    """A figure could not be read, or what was read is no catalogue."""
