"""vCPU quotas by family of instance types (Service Quotas)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from scaler.aws.interface import AwsClients
from scaler.catalog.interface import PriceKind
from scaler.catalog.pages import paged

SOURCE = "ListServiceQuotas"
DEFAULT_SOURCE = "ListAWSDefaultServiceQuotas"

QuotaFamily = Literal["standard", "g and vt", "p", "p5", "inf", "trn", "f", "x", "high memory", "dl", "hpc"]

# https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
QUOTA_CODES: Mapping[tuple[PriceKind, QuotaFamily], str] = {
    ("on-demand", "standard"): "L-1216C47A",
    ("on-demand", "g and vt"): "L-DB2E81BA",
    ("on-demand", "p"): "L-417A185B",
    ("on-demand", "inf"): "L-1945791B",
    ("on-demand", "trn"): "L-2C3B7624",
    ("on-demand", "f"): "L-74FC7D96",
    ("on-demand", "x"): "L-7295265B",
    ("spot", "standard"): "L-34B43A08",
    ("spot", "g and vt"): "L-3819A6DF",
    ("spot", "p"): "L-7212CCBC",
    ("spot", "p5"): "L-C4BD4855",
    ("spot", "inf"): "L-B5D1601B",
    ("spot", "trn"): "L-6B0D517C",
    ("spot", "f"): "L-88CF9481",
    ("spot", "x"): "L-E3A00192",
}
_FAMILIES: tuple[tuple[str, QuotaFamily], ...] = (
    (r"(g|gr)\d|vt\d", "g and vt"),
    (r"p\d", "p"),
    (r"inf\d", "inf"),
    (r"trn\d", "trn"),
    (r"f\d", "f"),
    (r"x\d", "x"),
    (r"u-|u\d", "high memory"),
    (r"dl\d", "dl"),
    (r"hpc\d", "hpc"),
)


@dataclass(frozen=True)
class Quota:
    """vCPUs of one family that may run at once in a region.

    Attributes:
        code: code of the quota, with which a rise is asked for.
    """

    kind: PriceKind
    family: QuotaFamily
    vcpus: float
    code: str
    as_of: date
    source: str = SOURCE


@cache
def quota_family(instance_type: str, kind: PriceKind = "on-demand") -> QuotaFamily:
    """The quota that an instance of the type counts against; of spot, P5 has one of its own."""
    if kind == "spot" and instance_type.startswith("p5"):
        return "p5"
    for pattern, family in _FAMILIES:
        if re.match(pattern, instance_type):
            return family
    return "standard"


def vcpu_quotas(clients: AwsClients, region: str | None, *, today: date) -> dict[tuple[PriceKind, QuotaFamily], Quota]:
    """The quotas in force; a family that AWS does not answer for is left out, never taken for zero.

    Raises:
        AwsFailed: AWS does not answer.
    """
    return _quotas(clients, region, today, SOURCE)


def default_vcpu_quotas(
    clients: AwsClients, region: str | None, *, today: date
) -> dict[tuple[PriceKind, QuotaFamily], Quota]:
    """What AWS grants an account that never asked for more; AWS lists quotas in force only where they were set.

    Raises:
        AwsFailed: AWS does not answer.
    """
    return _quotas(clients, region, today, DEFAULT_SOURCE)


def _quotas(
    clients: AwsClients, region: str | None, today: date, operation: str
) -> dict[tuple[PriceKind, QuotaFamily], Quota]:
    by_code = {code: key for key, code in QUOTA_CODES.items()}
    found: dict[tuple[PriceKind, QuotaFamily], Quota] = {}
    for each in paged(clients, "service-quotas", operation, "Quotas", region=region, ServiceCode="ec2", MaxResults=100):
        key = by_code.get(each.get("QuotaCode", ""))
        # A quota of no size is no quota: neither zero nor unlimited.
        if key is not None and 0 <= each.get("Value", -1) < float("inf"):
            found[key] = Quota(*key, float(each["Value"]), each["QuotaCode"], today, operation)
    return found
