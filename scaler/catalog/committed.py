"""Rates of commitments, and what is held, from the APIs of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from scaler.aws.interface import AwsClients
from scaler.catalog.commitment import YEAR_SECONDS, CommitmentKind, CommittedRate, Payment
from scaler.catalog.interface import CatalogueFailed
from scaler.catalog.pages import paged
from scaler.catalog.pricing import SOURCE as PRICE_LIST
from scaler.catalog.pricing import products

_Value = TypeVar("_Value")

SAVINGS_PLANS = "DescribeSavingsPlansOfferingRates"
CAPACITY_BLOCKS = "DescribeCapacityBlockOfferings"
# Savings plans have one endpoint for all regions.
SAVINGS_PLANS_REGION = "us-east-1"
PLAN_KINDS: dict[str, CommitmentKind] = {"Compute": "savings_plan", "EC2Instance": "instance_savings_plan"}
_PAYMENTS: dict[str, Payment] = {
    "No Upfront": "no upfront",
    "Partial Upfront": "partial upfront",
    "All Upfront": "all upfront",
}
_TERMS = {"1yr": YEAR_SECONDS, "3yr": 3 * YEAR_SECONDS}
_NAMES_PER_CALL = 20
#: A day and a week, as Capacity Blocks are mostly bought; they are sold by the day up to 14, then by the week.
BLOCK_HOURS = (24, 168)
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-blocks.html
BLOCK_COUNTS = (1, 2, 4, 8, 16, 32, 64)
BLOCK_FAMILIES = ("p4d", "p4de", "p5", "p5e", "p5en", "p6", "trn1", "trn2")


def savings_plan_rates(
    clients: AwsClients, region: str, names: Sequence[str], *, today: date
) -> dict[str, tuple[CommittedRate, ...]]:
    """Rates of compute and instance savings plans by type; Linux, shared tenancy.

    Raises:
        AwsFailed: AWS does not answer.
        CatalogueFailed: an answer is no rate.
    """
    found: dict[str, set[CommittedRate]] = {}
    for first in range(0, len(names), _NAMES_PER_CALL):
        filters = {
            "region": [region],
            "instanceType": list(names[first : first + _NAMES_PER_CALL]),
            "productDescription": ["Linux/UNIX"],
            "tenancy": ["shared"],
        }
        for each in paged(
            clients, "savingsplans", "DescribeSavingsPlansOfferingRates", "searchResults",
            region=SAVINGS_PLANS_REGION, token_name="nextToken", maxResults=1000,  # noqa: S106
            savingsPlanTypes=list(PLAN_KINDS), products=["EC2"], serviceCodes=["AmazonEC2"],
            filters=[{"name": name, "values": values} for name, values in filters.items()],
        ):  # fmt: skip
            read = read_rate(partial(_savings_plan_rate, each, today))
            if read is not None:
                found.setdefault(read[0], set()).add(read[1])
    return {name: _ordered(rates) for name, rates in found.items()}


def _savings_plan_rate(given: dict[str, Any], today: date) -> tuple[str, CommittedRate] | None:
    offering = given["savingsPlanOffering"]
    usd, properties = float(given["rate"]), {each["name"]: each["value"] for each in given["properties"]}
    # What a reservation that stands empty costs has the same rate and another name.
    bought = "BoxUsage" in given["usageType"] and given["unit"] == "Hrs" and offering["currency"] == "USD"
    if not bought or usd <= 0 or offering["planType"] not in PLAN_KINDS:
        return None
    kind, payment = PLAN_KINDS[offering["planType"]], _PAYMENTS[offering["paymentOption"]]
    rate = CommittedRate(kind, int(offering["durationSeconds"]), payment, usd, today, SAVINGS_PLANS)
    return properties["instanceType"], rate


def reserved_rates(clients: AwsClients, region: str, names: Sequence[str]) -> dict[str, tuple[CommittedRate, ...]]:
    """Rates of standard reserved instances by type, what is paid upfront spread over the term.

    Raises:
        AwsFailed: AWS does not answer.
        CatalogueFailed: an answer is no product of the Price List.
    """
    found: dict[str, tuple[CommittedRate, ...]] = {}
    for name in names:
        rates = {rate for product in products(clients, region, name) for rate in product_reservations(product)}
        if rates:
            found[name] = _ordered(rates)
    return found


def product_reservations(product: str | dict[str, Any]) -> list[CommittedRate]:
    """Standard reservations in a product of the Price List.

    Raises:
        CatalogueFailed: it is not such a product.
    """
    return read_rate(lambda: list(_reservations(json.loads(product) if isinstance(product, str) else product)))


def _reservations(given: dict[str, Any]) -> Iterator[CommittedRate]:
    published = given.get("publicationDate")
    for term in given["terms"].get("Reserved", {}).values():
        attributes = term["termAttributes"]
        if attributes.get("OfferingClass") != "standard":
            continue
        seconds = _TERMS[attributes["LeaseContractLength"]]
        usd = 0.0
        for dimension in term["priceDimensions"].values():
            amount = float(dimension["pricePerUnit"]["USD"])
            usd += amount if dimension["unit"] == "Hrs" else amount / (seconds / 3600)
        day = datetime.fromisoformat(published or term["effectiveDate"]).date()
        if 0 < usd < float("inf"):
            payment = _PAYMENTS[attributes["PurchaseOption"]]
            yield CommittedRate("reserved_instance", seconds, payment, usd, day, PRICE_LIST)


def capacity_block_rates(
    clients: AwsClients, region: str, names: Sequence[str], *, today: date
) -> dict[str, tuple[CommittedRate, ...]]:
    """The cheapest Capacity Block of each length that is offered now, by type; others than GPU types have none.

    Raises:
        AwsFailed: AWS does not answer.
        CatalogueFailed: an answer is no offering.
    """
    found: dict[str, tuple[CommittedRate, ...]] = {}
    for name in names:
        if not name.startswith(tuple(f"{family}." for family in BLOCK_FAMILIES)) and not name.startswith("p6"):
            continue
        rates = []
        for hours in BLOCK_HOURS:
            fees = [
                read_rate(partial(_fee_per_instance, each))
                for each in paged(
                    clients, "ec2", "DescribeCapacityBlockOfferings", "CapacityBlockOfferings", region=region,
                    InstanceType=name, InstanceCount=1, CapacityDurationHours=hours,
                )
                if each.get("CurrencyCode", "USD") == "USD"
            ]  # fmt: skip
            paid = [fee for fee in fees if 0 < fee < float("inf")]
            if paid:
                usd = min(paid) / hours
                rates.append(
                    CommittedRate(
                        "capacity_block", hours * 3600, "all upfront", usd, today, CAPACITY_BLOCKS, BLOCK_COUNTS
                    )
                )
        if rates:
            found[name] = tuple(rates)
    return found


def _fee_per_instance(given: dict[str, Any]) -> float:
    return float(given["UpfrontFee"]) / int(given["InstanceCount"])


def _ordered(rates: set[CommittedRate]) -> tuple[CommittedRate, ...]:
    return tuple(sorted(rates, key=lambda rate: (rate.kind, rate.term_seconds, rate.payment, rate.usd_per_hour)))


def read_rate(read: Callable[[], _Value]) -> _Value:
    """What ``read`` finds in an answer.

    Raises:
        CatalogueFailed: the answer is not as documented.
    """
    try:
        return read()
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise CatalogueFailed(
            "a rate of a commitment cannot be read",
            why=f"the answer is not as documented: {type(error).__name__} {error}",
            next_step="run scaler catalog without --commitments, or give the rates under commitments.offers",
        ) from None
