"""A recorded plan made again, when everything that it was made from has changed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from scaler.plan.seal import decode

pytestmark = pytest.mark.emulator


def test_a_plan_of_three_weeks_ago_comes_out_byte_for_byte(world):
    """Since then the archive has grown and was revised, and group, prices, calendar and configuration are others.

    Nothing is asked of anybody, and nothing in the store or beside it changes.
    """
    then = world.now - timedelta(days=21)
    world.price(0.1)
    first = world.plan("then.json", "--as-of", then.isoformat())
    (record,) = world.records()
    assert record["unpinned"] is None

    world.measure(factor=1.7)
    world.event(world.now + timedelta(hours=5))
    world.price(0.4)
    world.resize(7, 33)
    world.config.write_text(world.config.read_text().replace("20/s", "25/s"))
    later = world.plan("now.json")
    # The old moment itself is planned otherwise now: only the record knows how it was.
    world.run("fetch", "--since", (then - timedelta(days=30)).isoformat())
    (world.folder / "forecasts/history").rename(world.folder / "forecasts/history-before")
    revised = world.plan("revised.json", "--as-of", then.isoformat())
    assert revised != first
    assert decode(later).workloads[0].live.min_size == 7

    calls, standing = len(world.cloudwatch.calls), tree(world.folder)
    again = str(world.folder / "again.json")
    out, err = world.run("plan", "--reproduce", record["run"], "--out", again, "--format", "json")
    assert out == first
    assert (world.folder / "again.json").read_text() == first
    assert "byte for byte" in err
    assert len(world.cloudwatch.calls) == calls
    (world.folder / "again.json").unlink()
    assert tree(world.folder) == standing


def tree(folder):
    """All files with their bytes."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_plan_with_accepted_rules_and_chosen_workloads_comes_out_again(world):
    """What was said on the command line is part of the record; so is a plan that was refused."""
    world.config.write_text(world.config.read_text().replace("max: 40", "max: 6"))
    refused = world.run("plan", "--format", "json", code=3)[0]
    accepted = world.plan("a.json", "--accept", "shop:shortfall", "--workload", "sh*")
    by_id = {record["plan_id"]: record for record in world.records()}
    assert by_id[decode(accepted).plan_id]["assumptions"]["accepted"] == [["shop", "shortfall"]]
    assert by_id[decode(refused).plan_id]["exit_code"] == 3
    world.measure(factor=3)
    for text in (refused, accepted):
        out, _ = world.run("plan", "--reproduce", decode(text).plan_id, "--format", "json")
        assert out == text


def test_answers_that_were_errors_are_errors_again(world):
    """A workload that was refused as its group could not be read is refused again with the same words."""
    world.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="shop", ForceDelete=True)
    world.cloudwatch.put("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": "app/shop/1"}, [])
    first = world.run("plan", "--format", "json", code=3)[0]
    assert json.loads(first)["workloads"][0]["status"] == "refused"
    world.measure()
    (record,) = world.records()
    assert world.run("plan", "--reproduce", record["run"], "--format", "json")[0] == first


def test_another_outcome_is_told_with_the_versions_that_differ(world):
    """A record whose plan comes out differently is refused (3), and the versions then and now are named."""
    world.plan("a.json")
    (path,) = (world.folder / "forecasts/records").glob("*/record.json")
    record = json.loads(path.read_text())
    record["plan_id"] = "0" * 64
    record["versions"]["numpy"] = "1.0.0"
    path.write_text(json.dumps(record))
    _, err = world.run("plan", "--reproduce", record["run"], code=3)
    assert "came out differently" in err
    assert "numpy was 1.0.0" in err


def test_damage_and_wrong_names_are_told(world):
    """A missing pack is a failure (1) that names the file; an unknown run is wrong usage (64) that names some."""
    world.plan("a.json")
    (record,) = world.records()
    _, err = world.run("plan", "--reproduce", "nonsense", code=64)
    assert record["run"] in err
    _, err = world.run("plan", "--reproduce", record["run"], "--as-of", "2026-01-01", code=64)
    assert "comes from the record" in err or "come from the record" in err
    (pack,) = (world.folder / "forecasts/records/packs").iterdir()
    pack.unlink()
    _, err = world.run("plan", "--reproduce", record["run"], code=1)
    assert pack.name in err


def test_a_record_in_s3_makes_the_plan_again_too(world, fresh_aws):
    """Archive, record and packs in a bucket: the run's own reads and writes there are no calls of the plan."""
    from botocore.session import Session

    s3 = Session().create_client("s3", region_name="us-east-1", endpoint_url=fresh_aws)
    s3.create_bucket(Bucket="scaler-records")
    world.config.write_text(world.config.read_text() + "store: s3://scaler-records/prod\n")
    first = world.plan("a.json", "--as-of", (world.now - timedelta(hours=4)).isoformat())
    names = [each["Key"] for each in s3.list_objects_v2(Bucket="scaler-records", Prefix="prod/records/")["Contents"]]
    assert sum(name.endswith("/record.json") for name in names) == 1
    world.measure(factor=2)
    world.plan("b.json")
    out, _ = world.run("plan", "--reproduce", decode(first).plan_id, "--format", "json")
    assert out == first
