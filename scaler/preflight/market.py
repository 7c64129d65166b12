"""Prices' age, and the spot placement score as a gate for what is launched within the hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from scaler.catalog.spot import FEWEST_TYPES_FOR_A_SCORE, SCORE_VALID_SECONDS
from scaler.mix.interface import Mixer
from scaler.preflight.interface import Bounds, Figure, Finding, Planned, RegionFigures, ScoreQuestion
from scaler.preflight.levels import highest_within, instances_at

_HOUR = timedelta(seconds=SCORE_VALID_SECONDS)


def price_findings(planned: Planned, *, today: date, limit: timedelta) -> Iterator[Finding]:
    """Offerings without a price, and prices that are old."""
    mix = planned.mix
    unknown = sorted({f"{o.instance_type} {o.capacity_type}" for o in mix.offerings if o.usd_per_hour is None})
    mend = "run scaler catalog with access to AWS, or give them under prices"
    if unknown:
        yield Finding("price", "warning", f"no price for {', '.join(unknown)}: the cost is unknown, not zero", mend)
    if mix.price_as_of is None:
        return
    age = (today - mix.price_as_of).days
    as_of = datetime.combine(mix.price_as_of, datetime.min.time(), tzinfo=planned.requirement.start.tzinfo)
    if timedelta(days=age) > limit:
        yield Finding("price", "warning", f"the oldest price is {age} days old ({mix.price_as_of})", mend, as_of=as_of)
    elif not unknown:
        yield Finding("price", "passed", f"the oldest price is {age} days old", as_of=as_of)


def score_question(planned: Planned, mixer: Mixer) -> ScoreQuestion | None:
    """What a placement score is asked for: types and the spot instances that the next hour adds; ``None`` if none."""
    if planned.live is None:
        return None
    before = instances_at(planned, mixer, planned.live.desired_size, spot_only=True)
    more = instances_at(planned, mixer, highest_within(planned, _HOUR), spot_only=True) - before
    types = tuple(sorted({o.instance_type for o in planned.mix.offerings if o.capacity_type == "spot"}))
    return (types, more) if more > 0 else None


def score_findings(
    planned: Planned, figures: RegionFigures, mixer: Mixer, *, now: datetime, as_of: datetime, bounds: Bounds
) -> Iterator[Finding]:
    """The best score of the group's zones, where spot capacity is launched within the hour of a plan made now."""
    question = score_question(planned, mixer)
    if question is None or now - as_of > _HOUR:
        return
    types, more = question
    if len(types) < FEWEST_TYPES_FOR_A_SCORE:
        message = f"{more} spot instances within the hour, of fewer types than the three that AWS scores"
        yield Finding("placement score", "unknown", message, "name at least three instance types for spot")
        return
    figure = figures.scores.get(question, Figure(why="not asked"))
    scores = [each for each in figure.value or () if each.holds(now)]
    place = figures.places.get(planned.workload.target.name)
    subnets = [figures.subnets.get(name) for name in (place.value.subnets if place and place.value else ())]
    ids = {each.value.zone_id for each in subnets if each is not None and each.value is not None}
    if ids:
        scores = [each for each in scores if each.zone_id is None or each.zone_id in ids]
    if not scores:
        why = figure.why or "AWS gave none for the group's zones within the hour"
        message = f"the placement score of {more} spot instances is unknown ({why})"
        yield Finding("placement score", "unknown", message, figure.mend or "run it again")
        return
    best = max(each.score for each in scores)
    message = f"score {best} of 10 for {more} spot instances within the hour"
    if best < bounds.min_score:
        mend = "raise spot.on_demand_base, add instance types or zones, or plan again within the hour"
        bound = f"preflight.min_placement_score {bounds.min_score}"
        yield Finding(
            "placement score", "blocked", f"{message}: AWS is unlikely to have them", mend, bound, figure.as_of, more
        )
    else:
        yield Finding("placement score", "passed", message, as_of=figure.as_of)
