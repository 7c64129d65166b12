"""Savings plans, reservations and Capacity Blocks, as configured: what can be bought, and what is held."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scaler.config.names import Day, InstanceType
from scaler.config.strict import Strict
from scaler.config.units import Duration

_Usd = Annotated[float, Field(gt=0)]


class CommitmentOffer(Strict):
    """Something that can be committed to, with its rates and the day they were true."""

    kind: Literal["savings_plan", "instance_savings_plan", "reserved_instance", "capacity_block"] = Field(
        description="savings_plan covers every type; instance_savings_plan one family; the others one type."
    )
    term: Duration = Field(description="How long it is paid for, e.g. 365d.")
    payment: Literal["no upfront", "partial upfront", "all upfront"] = Field(
        "no upfront", description="How it is paid."
    )
    as_of: Day = Field(description="The day the rates were true, e.g. 2026-01-31.")
    usd_per_hour: dict[InstanceType, _Usd] = Field(
        description="USD per instance-hour by type, what is paid upfront spread over the term.", min_length=1
    )


class HeldCommitment(Strict):
    """Something that is paid for already."""

    kind: Literal[
        "savings_plan", "instance_savings_plan", "reserved_instance", "capacity_block", "capacity_reservation"
    ] = Field(description="capacity_reservation is billed on demand whether it is used or not.")
    usd_per_hour: _Usd | None = Field(None, description="Commitment of a savings plan.")
    instance_type: InstanceType | None = Field(None, description="Type that is reserved.")
    count: int | None = Field(None, ge=1, description="Instances that are reserved.")
    family: str | None = Field(
        None, description="Family of an instance savings plan, e.g. m7i.", pattern="^[a-z0-9-]+$"
    )

    @model_validator(mode="after")
    def _complete(self) -> HeldCommitment:
        plan = self.kind in ("savings_plan", "instance_savings_plan")
        if plan and (self.usd_per_hour is None or self.count is not None or self.instance_type is not None):
            raise ValueError("a savings plan has usd_per_hour, and neither instance_type nor count")
        if not plan and (self.usd_per_hour is not None or self.count is None or self.instance_type is None):
            raise ValueError(f"a {self.kind} has instance_type and count, and no usd_per_hour")
        if (self.kind == "instance_savings_plan") != (self.family is not None):
            raise ValueError("an instance_savings_plan has a family, and nothing else has")
        return self


class CommitmentsConfig(Strict):
    """What plans are told about commitments, beside what scaler catalog --commitments has read."""

    offers: list[CommitmentOffer] = Field(
        default_factory=list, description="Rates that hold in the place of those of the catalogue, if any are given."
    )
    held: list[HeldCommitment] | None = Field(
        None,
        description="What is paid for already, in the place of what scaler catalog --commitments has read; [] is "
        "nothing. Unknown if neither tells, and then no saving is told.",
    )
