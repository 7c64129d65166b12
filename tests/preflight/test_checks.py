"""Each check of the preflight on figures that are known exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.aws.interface import AwsUnavailable
from scaler.catalog.spot import PlacementScore
from scaler.preflight.asking import ask_region
from scaler.preflight.interface import Figure
from tests.preflight.builders import MIXER, NOW, VCPUS, findings, planned, quotas, region


def test_a_plan_that_nothing_stops_passes_every_check():
    """Each check says what it looked at, with the day of its figures; nothing is left to do."""
    workload = planned([4, 8])
    assert findings(workload, region()) == []
    passed = findings(workload, region(), check="quota") + findings(workload, region(), check="zones")
    assert {each.grade for each in passed} == {"passed"}
    assert all(each.as_of == NOW for each in passed)
    assert "16 vCPUs at the peak, 0 run elsewhere, quota 10000" in passed[0].message


def test_a_quota_that_is_too_small_blocks_with_the_units_that_are_missing():
    """Row 27: the shortfall is explicit, with the code of the quota to raise."""
    (found,) = findings(planned([10, 40]), region(quota=quotas(on_demand_standard=64)))
    assert (found.grade, found.short_units) == ("blocked", 8)
    assert "80 vCPUs at the peak" in found.message
    assert "L-1216C47A" in found.bound
    assert "L-1216C47A" in found.next_step


def test_the_next_pool_carries_what_a_quota_leaves_out():
    """Row 27: another family with room makes it a warning, not a refusal; without room it is a shortfall."""
    workload = planned([40], weights={"m7i.large": 1, "g6.xlarge": 1})
    (found,) = findings(workload, region(quota=quotas(on_demand_standard=64, on_demand_g_and_vt=64)))
    assert found.grade == "warning"
    assert "other families" in found.message
    (found,) = findings(workload, region(quota=quotas(on_demand_standard=64, on_demand_g_and_vt=16)))
    assert (found.grade, found.short_units) == ("blocked", 4)


def test_what_others_run_counts_and_what_the_group_runs_does_not():
    """The quota is the account's: its own instances are part of the plan, those of others are not."""
    own = ("shop", "on-demand", "m7i.large", 2, 20)
    others = ("other", "on-demand", "c7i.large", 2, 10)
    alone = (None, "on-demand", "m7i.xlarge", 4, 5)
    spot = (None, "spot", "m7i.xlarge", 4, 500)
    figures = region(quota=quotas(on_demand_standard=100), running=(own, others, alone, spot))
    assert findings(planned([30]), figures) == []
    (found,) = findings(planned([31]), figures)
    assert "40 run elsewhere" in found.message
    assert found.short_units == 1


def test_a_type_that_others_run_and_nobody_knows_makes_the_rest_unknown():
    """Its vCPUs are not taken for none; what EC2 says of its instances stands in for the catalogue."""
    known = region(quota=quotas(on_demand_standard=100), running=(("other", "on-demand", "z9.large", 16, 3),))
    assert "48 run elsewhere" in findings(planned([30]), known)[0].message
    unknown = region(quota=quotas(on_demand_standard=100), running=(("other", "on-demand", "z9.large", None, 3),))
    (found,) = findings(planned([30]), unknown)
    assert (found.grade, "not in the catalogue" in found.message) == ("unknown", True)


def test_workloads_share_a_quota():
    """Each fits alone and both do not: the peaks of the same step are added, not the highest of each."""
    figures = region(quota=quotas(on_demand_standard=64))
    together = [planned([30, 2], name="shop"), planned([2, 30], name="other")]
    assert findings(together, figures, check="quota")[0].grade == "passed"
    together = [planned([30], name="shop"), planned([30], name="other")]
    assert (
        sum(f.short_units for each in (together, together[::-1]) for f in findings(each, figures, check="quota")) == 28
    )


def test_a_spot_quota_is_one_of_its_own():
    """A GPU account begins with none: 0 is a figure, and it blocks."""
    workload = planned([8], weights={"g6.xlarge": 1}, spot=1.0)
    (found,) = findings(workload, region(quota=quotas(on_demand_g_and_vt=1000, spot_g_and_vt=0)), check="quota")
    assert (found.grade, found.short_units) == ("blocked", 8)
    assert "spot g and vt" in found.message


def test_an_unknown_quota_is_neither_zero_nor_unlimited():
    """Nothing is refused and nothing passes: it is said, with the permission that would tell."""
    denied = Figure(why="AWS refused servicequotas:ListServiceQuotas", mend="Allow servicequotas:ListServiceQuotas")
    (found,) = findings(planned([400]), region(quota=denied))
    assert found.grade == "unknown"
    assert "servicequotas:ListServiceQuotas" in found.message
    assert found.next_step == "Allow servicequotas:ListServiceQuotas"
    (listed,) = findings(planned([400]), region(quota=quotas(spot_standard=1)))
    assert listed.grade == "unknown"


def test_without_what_runs_a_quota_can_still_be_too_small():
    """More than the whole quota is short whatever others run; less than it is not known to fit."""
    assert findings(planned([40]), region(quota=quotas(on_demand_standard=64), running=None))[0].grade == "blocked"
    (found,) = findings(planned([20]), region(quota=quotas(on_demand_standard=64), running=None))
    assert found.grade == "unknown"
    assert "what runs is unknown (denied)" in found.message


def test_an_old_figure_of_the_store_is_unknown():
    """Beyond the limit it says nothing, and how old it is."""
    figures = region()
    aged = replace(figures, quotas=replace(figures.quotas, as_of=NOW - timedelta(days=31)))
    (found,) = findings(planned([4]), aged)
    assert found.grade == "unknown"
    assert "31 days ago, limit 30" in found.message


def test_a_figure_that_could_not_be_read_again_says_so():
    """The store's figure is used, and the doubt is told with its day."""
    figures = region()
    kept = replace(figures, quotas=replace(figures.quotas, why="AWS refused it", mend="Allow it"))
    (found,) = findings(planned([4]), kept)
    assert (found.grade, found.next_step) == ("unknown", "Allow it")
    assert "quotas are of 2026-11-16: AWS refused it" in found.message


def test_a_type_of_unknown_size_is_said_to_be_unchecked():
    """Its vCPUs are not taken for none."""
    workload = planned([4])
    (found,) = findings(replace(workload, vcpus={}), region())
    assert (found.grade, found.check) == ("unknown", "quota")


@given(st.lists(st.integers(0, 200), min_size=1, max_size=6), st.integers(0, 400), st.integers(0, 300))
def test_more_quota_never_finds_more_missing(units, quota, more):
    """The units that cannot be launched fall with the quota, and rise with demand."""

    def missing(levels, vcpus):
        found = findings(planned(levels), region(quota=quotas(on_demand_standard=vcpus)), check="quota")
        return sum(each.short_units for each in found)

    assert missing(units, quota + more) <= missing(units, quota)
    assert missing([each + 1 for each in units], quota) >= missing(units, quota)
    assert missing(units, quota) == max(0, max(units) - quota // VCPUS["m7i.large"])


def test_the_live_maximum_and_the_configured_one():
    """A peak above the live maximum is a word, a peak at limits.max too."""
    (found,) = findings(planned([12], live_max=10, maximum=20), region())
    assert "live maximum 10" in found.message
    (found,) = findings(planned([12], maximum=12), region())
    assert "nothing is left above it" in found.message


def test_zones_that_do_not_offer_a_type():
    """No zone blocks; a zone without any type, a type in some zones, and a type in none are warnings."""
    none = {"m7i.large": Figure((), NOW)}
    (found,) = findings(planned([2]), region(offered=none))
    assert found.grade == "blocked"
    both = planned([2], weights={"m7i.large": 1, "c7i.large": 1})
    (found,) = findings(both, region(offered=none))
    assert "no zone of shop offers m7i.large" in found.message
    partly = {"m7i.large": Figure(("us-east-1a",), NOW)}
    (found,) = findings(planned([2]), region(offered=partly))
    assert (found.grade, "us-east-1b offers none of the types" in found.message) == ("warning", True)
    (found,) = findings(both, region(offered=partly))
    assert "m7i.large only in us-east-1a" in found.message


def test_zone_loss_needs_as_many_zones_as_it_counts_on():
    """Half as much again for one of three is not enough for one of two."""
    (found,) = findings(planned([9], zones=3), region())
    assert (found.grade, found.bound) == ("blocked", "capacity.zone_loss 3")
    assert findings(planned([9], zones=2), region()) == []


def test_unknown_zones_are_unknown():
    """A group that could not be read, and offerings that could not, are said to be."""
    figures = replace(region(), places={"shop": Figure(why="AWS refused it", mend="Allow it")})
    assert {f.check for f in findings(planned([2]), figures)} == {"zones", "addresses"}
    figures = replace(region(), offered={})
    (found,) = findings(planned([2]), figures)
    assert (found.grade, "which zones offer m7i.large is unknown" in found.message) == ("unknown", True)


def test_addresses_for_what_is_launched_on_top():
    """What runs has its address already; without room for the rest nothing launches."""
    assert findings(planned([30], running=20), region(free=5)) == []
    (found,) = findings(planned([31], running=20), region(free=5))
    assert (found.grade, "11 more instances" in found.message) == ("blocked", True)
    (found,) = findings(planned([2]), replace(region(), subnets={"subnet-a": Figure(why="denied", mend="Allow it")}))
    assert (found.check, found.grade, found.next_step) == ("addresses", "unknown", "Allow it")


def test_prices_that_are_missing_or_old():
    """Row 25: a missing price is told and never free; an old one with its age."""
    (found,) = findings(planned([2], prices=None), region())
    assert "the cost is unknown, not zero" in found.message
    (found,) = findings(planned([2]), region(), as_of=NOW, max_price_age=timedelta(days=10))
    assert "15 days old (2026-11-01)" in found.message


TYPES = {"m7i.large": 1, "c7i.large": 1, "m7i.xlarge": 2}
QUESTION = (("c7i.large", "m7i.large", "m7i.xlarge"), 10)


def scored(best, read_at=NOW, zone="use1-aza"):
    rows = (PlacementScore("us-east-1", zone, best, read_at), PlacementScore("us-east-1", "use1-azz", 10, read_at))
    return region(scores={QUESTION: Figure(rows, read_at)})


def test_a_low_placement_score_blocks_spot_within_the_hour():
    """The best of the group's own zones counts, not the best of the region."""
    workload = planned([12, 12], weights=TYPES, spot=1.0)
    assert MIXER.split(workload.mix, 12).shares
    (found,) = findings(workload, scored(2))
    assert (found.grade, found.bound) == ("blocked", "preflight.min_placement_score 3")
    assert findings(workload, scored(3)) == []
    assert findings(workload, scored(2), min_score=1) == []


def test_a_score_is_a_gate_of_the_same_hour_only():
    """Later growth, a plan for the past, and a score of an hour ago: nobody is gated by them."""
    later = planned([0, 0, 0, 0, 12], weights=TYPES, spot=1.0)
    assert findings(later, scored(1)) == []
    workload = planned([12], weights=TYPES, spot=1.0)
    assert findings(workload, scored(1), now=NOW + timedelta(hours=2)) == []
    (found,) = findings(workload, scored(1, NOW - timedelta(minutes=61)))
    assert found.grade == "unknown"


def test_spot_of_two_types_is_not_scored():
    """AWS scores three types or more: it is said, and nothing is asked."""
    workload = planned([12], weights={"m7i.large": 1, "c7i.large": 1}, spot=1.0)
    (found,) = findings(workload, region())
    assert (found.grade, "the three that AWS scores" in found.message) == ("unknown", True)


@pytest.mark.parametrize("target", [{"node_pool": "general"}])
def test_a_node_pool_has_quotas_and_no_subnets_of_its_own(target):
    """Its nodes count against the account's quotas; where it launches is Karpenter's business."""
    workload = planned([40], target=target)
    running = (("node pool general", "on-demand", "m7i.large", 2, 30),)
    assert findings(workload, region(quota=quotas(on_demand_standard=80), running=running)) == []
    found = findings(workload, region(quota=quotas(on_demand_standard=64), running=running))
    assert [(each.check, each.grade) for each in found] == [("quota", "blocked")]


def test_without_a_network_aws_is_asked_once():
    """Each further call would only wait to say the same; every figure is unknown, and none is missing."""
    asked = []

    class Gone:
        def region(self, configured):
            return "us-east-1"

        def client(self, service, region):
            asked.append(service)
            raise AwsUnavailable("no valid AWS credentials", why="there are none", next_step="log in")

    found = ask_region(Gone(), None, groups=["shop"], types=["m7i.large"], scores=[QUESTION], now=NOW)
    assert len(asked) == 1
    figures = [found.quotas, found.running, found.places["shop"], found.offered["m7i.large"], found.scores[QUESTION]]
    assert all(each.value is None and "no valid AWS credentials" in each.why for each in figures)
