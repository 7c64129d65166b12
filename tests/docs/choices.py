"""The project with something more to choose from: commitments that are offered, and spot capacity."""

from __future__ import annotations

from tests.docs.accounts import aws
from tests.docs.folders import World

OFFERS = """\
commitments:
  offers:
    - {kind: savings_plan, term: 365d, payment: no upfront, as_of: 2026-11-01, usd_per_hour: {m7i.large: 0.0637}}
  held: []
"""
_ONE_TYPE = "capacity: {throughput: {m7i.large: 180/s}, lead_time: 4m}\n"
_THREE_TYPES = """\
capacity: {throughput: {m7i.large: 180/s, m6i.large: 180/s, m5.large: 180/s}, lead_time: 4m}
    spot: {max_share: 60%}
"""
_ONE_PRICE = "{m7i.large: {on_demand: 0.1008, spot: 0.0412}}"
_THREE_PRICES = """
      m7i.large: {on_demand: 0.1008, spot: 0.0412}
      m6i.large: {on_demand: 0.096, spot: 0.0398}
      m5.large: {on_demand: 0.096, spot: 0.0391}"""


def offered(made: World) -> None:
    """The project on an emulated AWS, with the rate of a savings plan."""
    aws(made)
    with (made.folder / "scaler.yaml").open("a", encoding="utf-8") as stream:
        stream.write(OFFERS)


def mixed(made: World) -> None:
    """The project on an emulated AWS, in three zones, with three instance types, most of which may be spot."""
    aws(made, zones=("us-east-1a", "us-east-1b", "us-east-1c"))
    path = made.folder / "scaler.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(_ONE_TYPE, _THREE_TYPES).replace(_ONE_PRICE, _THREE_PRICES), encoding="utf-8")
