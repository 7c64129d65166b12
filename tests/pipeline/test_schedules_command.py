"""``scaler plan`` with a weekly profile, and for Kubernetes: from a history to the files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from ruamel.yaml import YAML

from scaler.apply.interface import ApplyRefused
from scaler.cli.main import main
from scaler.config.reader import load_config
from scaler.errors import ScalerError
from scaler.pipeline import open_runtime
from scaler.pipeline.applying import checked
from scaler.plan.seal import decode
from tests.emit.kubernetes_schemas import SCHEMAS
from tests.pipeline.conftest import END

AS_OF = "2026-11-16T00:00Z"


def edited(config, *replacements, more=""):
    """The configuration with some of its text replaced."""
    text = config.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    config.write_text(text + more)
    return config


def planned(config):
    """The sealed plan of a run that succeeds."""
    out = config.parent / "plan.json"
    assert main(["plan", "--config", str(config), "--as-of", AS_OF, "--out", str(out), "--quiet"]) == 0
    (workload,) = decode(out.read_text()).workloads
    return workload


ZONE = ("defaults:\n", "defaults:\n  timezone: America/New_York\n")


@pytest.mark.parametrize("mode", ["weekly", "both"])
def test_a_weekly_profile_reaches_terraform(project, mode):
    """A hump each day at 15:00 UTC: recurring actions in New York's time, one-off ones only beside them."""
    config = edited(project(), ZONE, more=f"plan: {{schedule: {mode}, weekly_actions: 28, min_dwell: 1h}}\n")
    workload = planned(config)
    assert workload.weekly is not None
    assert 7 <= len(workload.weekly.slots) <= 28
    peak = max(workload.weekly.slots, key=lambda slot: slot.min_size)
    assert peak.min_size >= 6
    assert 7 <= int(peak.name[-4:-2]) <= 11  # 15:00 UTC is 10:00 there
    shop = json.loads((config.parent / "scaler.auto.tfvars.json").read_text())["scaler_workloads"]["shop"]
    recurring = {name: given for name, given in shop["schedules"].items() if "recurrence" in given}
    assert set(recurring) == {slot.name for slot in workload.weekly.slots}
    assert all(given["time_zone"] == "America/New_York" for given in recurring.values())
    assert (len(shop["schedules"]) > len(recurring)) == (mode == "both")
    assert "null" not in json.dumps(shop)


def test_the_profile_covers_what_the_last_weeks_showed(project):
    """Every day of the history, at the hour of its peak, the profile would have carried the median of that hour."""
    config = edited(project(), ZONE, more="plan: {schedule: weekly}\n")
    workload = planned(config)
    weekly = workload.weekly
    place = ZoneInfo("America/New_York")
    for days in range(1, 15):
        wall = (END - timedelta(days=days) + timedelta(hours=15)).astimezone(place)
        slot = wall.weekday() * 96 + wall.hour * 4
        assert weekly.required[slot] >= 5
    quiet = datetime(2026, 11, 11, 3, tzinfo=UTC).astimezone(place)
    assert weekly.required[quiet.weekday() * 96 + quiet.hour * 4] <= 5


def test_deployments_are_written_for_kubernetes(project):
    """A deployment instead of a group: valid documents beside no Terraform variables; the path stays in the project."""
    config = edited(
        project(),
        ("{asg: shop}", "{deployment: shop/web}"),
        ("{m7i.large: 100/s}", "100/s"),
        ("spot: {max_share: 50%, on_demand_base: 1}", "tags: {}"),
        ("outputs: {tfvars: scaler.auto.tfvars.json}", "outputs: {kubernetes: k8s.yaml}"),
        more="plan: {max_actions: 12}\nkubernetes: {cpu_target: 60%}\n",
    )
    workload = planned(config)
    (found,) = YAML(typ="safe", pure=True).load_all((config.parent / "k8s.yaml").read_text())
    jsonschema.Draft202012Validator(SCHEMAS["ScaledObject"]).validate(found)
    assert found["metadata"]["namespace"] == "shop"
    assert found["spec"]["triggers"][-1]["metadata"] == {"value": "60"}
    assert 2 <= len(found["spec"]["triggers"]) <= 13
    levels = {int(t["metadata"]["desiredReplicas"]) for t in found["spec"]["triggers"] if t["type"] == "cron"}
    assert levels | {found["spec"]["minReplicaCount"]} == {step.min_size for step in workload.steps}
    assert not (config.parent / "scaler.auto.tfvars.json").exists()
    edited(config, ("kubernetes: k8s.yaml", "kubernetes: ../../k8s.yaml"))
    assert main(["plan", "--config", str(config), "--as-of", AS_OF, "--quiet"]) == 78


def test_what_terraform_is_given_for_every_week_is_not_applied_too(project):
    """The profile is in the variables: ``scaler apply`` refuses its plan before it asks AWS anything."""
    config = edited(project(), ZONE, more="plan: {schedule: weekly}\n")
    planned(config)
    plan = decode((config.parent / "plan.json").read_text())
    runtime = replace(open_runtime(offline=True), clock=lambda: END)
    with pytest.raises(ApplyRefused, match="the weekly schedule of shop would have two writers") as refused:
        checked(plan, load_config(config), runtime, store=None, target=None)
    assert refused.value.exit_code == 3
    community = edited(config, ("{tfvars: scaler.auto.tfvars.json}", "{community_tfvars: groups.tfvars.json}"))
    with pytest.raises(ApplyRefused, match="two writers") as refused:
        checked(plan, load_config(community), runtime, store=None, target=None)
    assert "outputs.community_tfvars" in refused.value.why
    alone = edited(config, ("outputs: {community_tfvars: groups.tfvars.json}", "outputs: {}"))
    with pytest.raises(ScalerError) as other:  # it goes on, to who is asking
        checked(plan, load_config(alone), runtime, store=None, target=None)
    assert "two writers" not in str(other.value)
