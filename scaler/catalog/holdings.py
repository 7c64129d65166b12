"""What is held already: savings plans, reserved instances, capacity reservations and blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial

from scaler.aws.interface import AwsClients
from scaler.catalog.commitment import Held, Holdings
from scaler.catalog.committed import PLAN_KINDS, SAVINGS_PLANS_REGION, read_rate
from scaler.catalog.pages import paged
from scaler.errors import ScalerError


def holdings(clients: AwsClients, region: str, *, today: date) -> Holdings:
    """Everything that is held; what may not be read is named, as then no saving can be told."""
    items: list[Held] = []
    unknown: list[str] = []
    asked: tuple[tuple[str, Callable[[], list[Held]]], ...] = (
        ("savings plans", lambda: list(_held_plans(clients, region))),
        ("reserved instances", lambda: list(_held_reservations(clients, region))),
        ("capacity reservations", lambda: list(_held_capacity(clients, region))),
    )
    for what, read in asked:
        try:
            items += read()
        except ScalerError as error:
            unknown.append(f"{what}: {error.what} ({error.why})")
    return Holdings(tuple(items), today, "AWS", tuple(unknown))


def _held_plans(clients: AwsClients, region: str) -> Iterator[Held]:
    for each in paged(
        clients, "savingsplans", "DescribeSavingsPlans", "savingsPlans",
        region=SAVINGS_PLANS_REGION, token_name="nextToken", states=["active"],  # noqa: S106
    ):  # fmt: skip
        kind = PLAN_KINDS.get(each["savingsPlanType"])
        if kind is None or (kind == "instance_savings_plan" and each.get("region") != region):
            continue
        usd = read_rate(partial(_dollars, each["commitment"]))
        until = datetime.fromisoformat(each["end"]).date() if each.get("end") else None
        yield Held(kind, usd, family=each.get("ec2InstanceFamily") or None, until=until)


def _dollars(text: str) -> float:
    usd = float(text)
    if not 0 <= usd < float("inf"):
        raise ValueError(f"a commitment of {text} USD")
    return usd


def _held_reservations(clients: AwsClients, region: str) -> Iterator[Held]:
    active = [{"Name": "state", "Values": ["active"]}]
    for each in paged(clients, "ec2", "DescribeReservedInstances", "ReservedInstances", region=region, Filters=active):
        if "Windows" not in each.get("ProductDescription", ""):
            end = each.get("End")
            yield Held(
                "reserved_instance",
                instance_type=each["InstanceType"],
                count=int(each["InstanceCount"]),
                zone=each.get("AvailabilityZone") if each.get("Scope") == "Availability Zone" else None,
                until=end.date() if end else None,
            )


def _held_capacity(clients: AwsClients, region: str) -> Iterator[Held]:
    active = [{"Name": "state", "Values": ["active"]}]
    for each in paged(
        clients, "ec2", "DescribeCapacityReservations", "CapacityReservations", region=region, Filters=active
    ):
        block = each.get("ReservationType") == "capacity-block"
        end = each.get("EndDate")
        yield Held(
            "capacity_block" if block else "capacity_reservation",
            instance_type=each["InstanceType"],
            count=int(each["TotalInstanceCount"]),
            zone=each.get("AvailabilityZone"),
            until=end.date() if end else None,
        )
