"""On-demand prices from the Price List (``pricing:GetProducts``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from scaler.aws.interface import AwsClients
from scaler.catalog.interface import CatalogueFailed, Price
from scaler.catalog.pages import paged

SOURCE = "Price List"
# The Price List answers in three regions, about all of them.
# https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-list-pe.html
ENDPOINT_REGION = "us-east-1"
# What an on-demand Linux instance is among the products of EC2: not a reservation, not dedicated, no software on it.
_LINUX_ON_DEMAND = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}


def on_demand_prices(clients: AwsClients, region: str, names: Sequence[str]) -> dict[str, Price]:
    """Price of each type; types without one are left out.

    One call (of as many pages as it takes) per type: a filter takes one value, and all of a region are 100 MB.

    Raises:
        AwsFailed: AWS does not answer.
        CatalogueFailed: an answer is no product of the Price List.
    """
    found: dict[str, Price] = {}
    for name in names:
        prices = [price for product in products(clients, region, name) for price in product_prices(product)]
        if prices:
            # Several products of one type differ in what they include: the dearest errs on the safe side.
            found[name] = max(prices, key=lambda price: price.usd_per_hour)
    return found


def products(clients: AwsClients, region: str, name: str) -> Iterator[str]:
    """Products of the Price List that are a type on Linux, shared tenancy: JSON, each with its terms.

    Raises:
        AwsFailed: AWS does not answer.
    """
    filters = {**_LINUX_ON_DEMAND, "regionCode": region, "instanceType": name}
    yield from paged(
        clients, "pricing", "GetProducts", "PriceList", region=ENDPOINT_REGION,
        ServiceCode="AmazonEC2",
        Filters=[{"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in sorted(filters.items())],
    )  # fmt: skip


def product_prices(product: str | dict[str, Any]) -> list[Price]:
    """Hourly on-demand prices in a product of the Price List. A price of zero is no price.

    Raises:
        CatalogueFailed: it is not such a product.
    """
    try:
        given = json.loads(product) if isinstance(product, str) else product
        dimensions = [
            (term["effectiveDate"], dimension)
            for term in given["terms"].get("OnDemand", {}).values()
            for dimension in term["priceDimensions"].values()
        ]
        day = _day(given.get("publicationDate"))
        return [
            Price(float(dimension["pricePerUnit"]["USD"]), day or _required_day(effective), SOURCE)
            for effective, dimension in dimensions
            if dimension.get("unit") == "Hrs" and 0 < float(dimension["pricePerUnit"].get("USD", 0)) < float("inf")
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogueFailed(
            "a price cannot be read from the Price List",
            why=f"the product is not as documented: {type(error).__name__} {error}",
            next_step="run scaler catalog --offline to use what is known, and check AWS_ENDPOINT_URL_PRICING if set",
        ) from None


def _day(text: str | None) -> date | None:
    return None if text is None else datetime.fromisoformat(text).date()


def _required_day(text: str) -> date:
    return datetime.fromisoformat(text).date()
