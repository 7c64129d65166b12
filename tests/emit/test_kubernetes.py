"""Documents for Kubernetes: valid, of stable bytes, and the floors that the plan says."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from scaler.config import PlanConfig
from scaler.config.cron import parse_cron
from scaler.config.kubernetes import KubernetesConfig
from scaler.emit.interface import OutputRefused
from scaler.emit.kubernetes import render_kubernetes
from scaler.emit.kubernetes_names import LONGEST, short_name
from scaler.emit.kubernetes_yaml import documents
from scaler.plan.recurring import profile_floor
from scaler.plan.week import Week
from tests.emit.kubernetes_schemas import SCHEMAS
from tests.plan.conftest import AS_OF

RAMP = [150, 150, 450, 450, 820, 820, 150, 150, 150]
NEW_YORK = "America/New_York"
DEPLOYMENT = {"target": {"deployment": "shop/web"}, "capacity": {"throughput": "100/s"}, "spot": {}, "prices": None}
POOL = {"target": {"node_pool": "general"}}
BOTH, WEEKLY = PlanConfig(schedule="both"), PlanConfig(schedule="weekly")


def week():
    """A week in New York that is busy around the beginning of the plan, Sunday 19:00 there, and on Monday morning."""
    units = np.full(672, 3, dtype=np.int64)
    units[9 * 4 : 17 * 4] = 8
    units[(6 * 24 + 19) * 4 + 2 : (6 * 24 + 20) * 4 + 1] = 6
    return Week(NEW_YORK, 900, units)


def vcpus(name):
    return {"m7i.large": 2, "m7i.xlarge": 4}.get(name)


def objects(plan, **options):
    """The documents, each valid by the schema of its kind."""
    text = render_kubernetes(plan, KubernetesConfig(**options), vcpus)
    assert text == render_kubernetes(plan, KubernetesConfig(**options), vcpus)
    found = list(YAML(typ="safe", pure=True).load_all(text))
    for each in found:
        jsonschema.Draft202012Validator(SCHEMAS[each["kind"]]).validate(each)
    names = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in found]
    assert len(set(names)) == len(names)
    return found


def of_kind(found, kind):
    return [each for each in found if each["kind"] == kind]


def moments(cron, zone, start, end):
    """When a cron expression runs, in UTC."""
    parsed, place = parse_cron(cron), ZoneInfo(zone)
    day, last = start.astimezone(place).date() - timedelta(days=1), end.astimezone(place).date()
    while day <= last:
        if parsed.on(day):
            wall = datetime(day.year, day.month, day.day, parsed.hours[0], parsed.minutes[0], tzinfo=place)
            yield wall.astimezone(UTC)
        day += timedelta(days=1)


def asked_by(trigger, moment):
    """What a cron trigger of KEDA asks for: its replicas if the next end comes before the next start, else one."""
    given = trigger["metadata"]
    far = moment + timedelta(days=367)
    start, end = (
        min(time for time in moments(given[key], given["timezone"], moment, far) if time > moment)
        for key in ("start", "end")
    )
    return int(given["desiredReplicas"]) if end < start else 1


def planned(plan, moment):
    (workload,) = plan.workloads
    return next(step.min_size for step in workload.steps if step.start <= moment < step.end)


@pytest.mark.parametrize("mode", [PlanConfig(), BOTH, WEEKLY], ids=["one-off", "both", "weekly"])
def test_keda_asks_for_what_is_planned(plan_of, live, mode):
    """The highest of the cron triggers and the minimum is the planned floor, at every quarter of an hour."""
    plan = plan_of(RAMP, live=live, plan=mode, week=week(), **DEPLOYMENT)
    (scaled,) = objects(plan)
    assert scaled["spec"]["scaleTargetRef"]["name"] == "web"
    assert scaled["spec"]["maxReplicaCount"] == 20
    crons = [trigger for trigger in scaled["spec"]["triggers"] if trigger["type"] == "cron"]
    assert [t for t in scaled["spec"]["triggers"] if t["type"] == "cpu"] == [
        {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}}
    ]
    for trigger in crons:
        assert trigger["metadata"]["start"] != trigger["metadata"]["end"]
    for quarter in range(8):
        moment = AS_OF + timedelta(minutes=15 * quarter + 1)
        floor = max([scaled["spec"]["minReplicaCount"], *(asked_by(trigger, moment) for trigger in crons)])
        assert floor == planned(plan, moment)


@pytest.mark.parametrize("mode", [PlanConfig(), BOTH, WEEKLY], ids=["one-off", "both", "weekly"])
def test_cron_jobs_set_what_is_planned(plan_of, live, mode):
    """The HorizontalPodAutoscaler's minimum, as the CronJobs leave it, is the planned floor."""
    plan = plan_of(RAMP, live=live, plan=mode, week=week(), **DEPLOYMENT)
    found = objects(plan, floors="hpa")
    (autoscaler,) = of_kind(found, "HorizontalPodAutoscaler")
    assert autoscaler["spec"]["minReplicas"] == planned(plan, AS_OF)
    runs = sorted(
        (moment, int(job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"][-1]
                     .removeprefix('--patch={"spec":{"minReplicas":').removesuffix("}}")))
        for job in of_kind(found, "CronJob")
        for moment in moments(job["spec"]["schedule"], job["spec"]["timeZone"], AS_OF, AS_OF + timedelta(hours=2))
        if moment >= AS_OF
    )  # fmt: skip
    for quarter in range(8):
        moment = AS_OF + timedelta(minutes=15 * quarter + 2)
        level = [autoscaler["spec"]["minReplicas"], *(size for time, size in runs if time <= moment)][-1]
        assert level == planned(plan, moment)


def test_cron_jobs_may_do_one_thing_to_one_object(plan_of, live):
    """Get and patch this autoscaler, in this namespace, as nobody in particular, without a shell."""
    found = objects(plan_of(RAMP, live=live, **DEPLOYMENT), floors="hpa")
    (role,), (binding,) = of_kind(found, "Role"), of_kind(found, "RoleBinding")
    assert role["rules"] == [
        {
            "apiGroups": ["autoscaling"],
            "resources": ["horizontalpodautoscalers"],
            "resourceNames": ["web"],
            "verbs": ["get", "patch"],
        }
    ]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "scaler-web", "namespace": "shop"}]
    for job in of_kind(found, "CronJob"):
        pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["serviceAccountName"] == "scaler-web"
        assert container["command"][:4] == ["kubectl", "patch", "horizontalpodautoscaler", "web"]
        assert container["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_own_triggers_are_left_to_their_owner(plan_of, live):
    """Without a CPU target there are floors alone; a flat plan has a trigger all the same, as KEDA wants one."""
    flat = plan_of([150] * 9, live=live, **DEPLOYMENT)
    (scaled,) = objects(flat, reacts_to="own")
    assert {trigger["type"] for trigger in scaled["spec"]["triggers"]} == {"cron"}
    for days in range(8):
        moment = AS_OF + timedelta(days=days, hours=5)
        assert max(asked_by(trigger, moment) for trigger in scaled["spec"]["triggers"]) == 2
    assert of_kind(objects(flat, reacts_to="own", floors="hpa"), "HorizontalPodAutoscaler") == []


def test_a_node_pool_is_bounded_and_its_base_comes_first(plan_of, live):
    """Two on-demand units before the rest, which may be spot; limits let the planned maximum be, in any type."""
    throughput, weights = {"m7i.large": "100/s", "m7i.xlarge": "200/s"}, {"m7i.large": 1, "m7i.xlarge": 2}
    rules = POOL | {"capacity": {"throughput": throughput, "weights": weights}}
    base, rest = objects(plan_of(RAMP, live=live, **rules), node_class="gp3")
    assert (base["metadata"]["name"], rest["metadata"]["name"]) == ("general-base", "general")
    assert base["spec"]["weight"] > rest["spec"]["weight"]
    assert base["spec"]["limits"] == {"cpu": "4", "nodes": "2"}
    assert rest["spec"]["limits"] == {"cpu": "36", "nodes": "18"}
    kinds = [each["spec"]["template"]["spec"]["requirements"][0] for each in (base, rest)]
    assert [kind["values"] for kind in kinds] == [["on-demand"], ["on-demand", "spot"]]
    assert rest["spec"]["template"]["spec"]["requirements"][1] == {
        "key": "node.kubernetes.io/instance-type",
        "operator": "In",
        "values": ["m7i.large", "m7i.xlarge"],
    }
    assert rest["spec"]["template"]["spec"]["nodeClassRef"]["name"] == "gp3"
    assert "50% above the base" in rest["metadata"]["annotations"]["scaler/on-demand"]


def test_without_spot_there_is_one_pool(plan_of, live):
    """And where the vCPUs of a type are not known, nodes are counted."""
    (pool,) = objects(plan_of(RAMP, live=live, **POOL, spot={}))
    assert pool["spec"]["limits"] == {"cpu": "40", "nodes": "20"}
    plan = plan_of(RAMP, live=live, **POOL, spot={})
    text = render_kubernetes(plan, KubernetesConfig(), lambda _name: None)
    (unknown,) = YAML(typ="safe", pure=True).load_all(text)
    assert unknown["spec"]["limits"] == {"nodes": "20"}


def test_other_targets_and_refused_workloads_are_not_written(plan_of, live):
    """A group is Terraform's; what is refused is nobody's."""
    assert objects(plan_of(RAMP, live=live)) == []
    plan = plan_of(RAMP, live=live, **DEPLOYMENT)
    (workload,) = plan.workloads
    bare = workload.model_copy(update={"steps": (), "mix_policy": None})
    assert objects(plan.model_copy(update={"workloads": (bare,)})) == []


@pytest.mark.parametrize("name", ["shop/Web", "shop/web\nkind: Secret", "shop/", "sh op/web", "shop/web: {}"])
def test_a_name_that_is_none_is_refused(plan_of, live, name):
    """A plan from elsewhere may say what a configuration cannot."""
    plan = plan_of(RAMP, live=live, **DEPLOYMENT)
    (workload,) = plan.workloads
    target = workload.target.model_copy(update={"name": name})
    forged = plan.model_copy(update={"workloads": (workload.model_copy(update={"target": target}),)})
    with pytest.raises(OutputRefused, match="no name of an object"):
        render_kubernetes(forged, KubernetesConfig(), vcpus)


def test_long_names_are_cut_and_stay_different():
    """A CronJob's name has 52 characters at most; two long deployments do not share one."""
    first, second = "scaler-" + "a" * 60 + "x", "scaler-" + "a" * 60 + "y"
    names = {short_name(each, suffix) for each in (first, second) for suffix in ("mon-0815", "20261116t0015z")}
    assert len(names) == 4
    assert all(len(name) <= LONGEST for name in names)
    assert short_name("scaler-web", "mon-0815") == "scaler-web-mon-0815"


MISREAD = ("yes", "No", "null", "~", "1e3", "0x1f", "012", "1:30", "2026-11-16", "- a", "a: b", "#x", "{{ .x }}")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from([*MISREAD, "", " ", "=", "<<"])
FLAT = TEXTS | st.integers(-(2**31), 2**31) | st.booleans()
# No object that is written here has lists in lists.
MAPS = st.recursive(
    st.dictionaries(TEXTS, FLAT, max_size=3),
    lambda inner: st.dictionaries(TEXTS, FLAT | inner | st.lists(FLAT | inner, max_size=3), max_size=3),
    max_leaves=8,
)


@given(MAPS.filter(bool))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_written_reads_back_the_same(value):
    """By the YAML of today, and by that of 2005, in which yes is true and 1:30 is ninety."""
    yaml = pytest.importorskip("yaml")
    text = documents([value, value])
    assert text.isascii()
    assert list(YAML(typ="safe", pure=True).load_all(io.StringIO(text))) == [value, value]
    assert list(yaml.safe_load_all(text)) == [value, value]


def test_the_profile_of_the_tests_reaches_into_the_plan():
    """What the tests above rely on: the profile rises and falls within the plan's two hours."""
    from scaler.plan.profile import ProfileRules, compile_profile

    given = week()
    rules = ProfileRules(30, 1, 1.0, 20)
    slots = compile_profile(given.units, given.units, zone=NEW_YORK, step_seconds=900, as_of=AS_OF, rules=rules)
    assert profile_floor(slots, NEW_YORK, AS_OF, 900, 8).tolist() == [3, 3, 6, 6, 6, 3, 3, 3]
