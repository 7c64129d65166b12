"""What is paid for whether it is used or not: rates of savings plans, reservations and blocks, and what is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

CommitmentKind = Literal["savings_plan", "instance_savings_plan", "reserved_instance", "capacity_block"]
#: ``capacity_reservation`` is no discount: it is billed on demand, used or not.
HeldKind = CommitmentKind | Literal["capacity_reservation"]
Payment = Literal["no upfront", "partial upfront", "all upfront"]

YEAR_SECONDS = 365 * 86_400


@dataclass(frozen=True)
class CommittedRate:
    """USD per instance-hour under a commitment, what is paid upfront spread over the term.

    Attributes:
        usd_per_hour: above zero; an unknown rate is no ``CommittedRate`` at all.
        counts: instances that it is sold in; empty where any number can be had.
        as_of: the day on which it was true, UTC.
    """

    kind: CommitmentKind
    term_seconds: int
    payment: Payment
    usd_per_hour: float
    as_of: date
    source: str
    counts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.usd_per_hour < float("inf"):
            raise ValueError(f"a rate is above zero and finite, not {self.usd_per_hour}")


@dataclass(frozen=True)
class Held:
    """A commitment that is paid for already.

    Attributes:
        usd_per_hour: commitment of a savings plan; ``None`` for what is counted in instances.
        instance_type: of what is counted in instances.
        family: family of an instance savings plan, e.g. ``m7i``.
        count: instances.
        zone: zone that a reservation is bound to; ``None`` is the whole region.
        until: its last day, ``None`` if it has none.
    """

    kind: HeldKind
    usd_per_hour: float | None = None
    instance_type: str | None = None
    family: str | None = None
    count: int = 0
    zone: str | None = None
    until: date | None = None


@dataclass(frozen=True)
class Holdings:
    """What is held in a region; savings plans of the account stand with every region.

    Attributes:
        unknown: what could not be read, one line each: then nobody knows what a new commitment would save.
    """

    items: tuple[Held, ...]
    as_of: date
    source: str
    unknown: tuple[str, ...] = ()


def family_of(instance_type: str) -> str:
    """``m7i`` of ``m7i.large``."""
    return instance_type.partition(".")[0]


_SIZES = {"nano": 0.25, "micro": 0.5, "small": 1.0, "medium": 2.0, "large": 4.0, "xlarge": 8.0}
_FIXED = ("g", "p", "inf", "trn", "dl", "hpc", "u-", "vt", "f")


def size_factor(instance_type: str) -> float | None:
    """Normalisation factor of a size, by which a regional reservation also covers other sizes of its family.

    ``None`` where it does not: accelerators and bare metal.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/apply_ri.html
    """
    family, _, size = instance_type.partition(".")
    if size in _SIZES and not family.startswith(_FIXED):
        return _SIZES[size]
    number = size.removesuffix("xlarge")
    if size.endswith("xlarge") and number.isdigit() and not family.startswith(_FIXED):
        return 8.0 * int(number)
    return None
