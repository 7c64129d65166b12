"""The Terraform variables: what the module reads, no null, checked before writing, written atomically."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from scaler.emit.declared import check_declared, check_read_last
from scaler.emit.interface import Document, OutputRefused
from scaler.emit.tfvars import VARIABLES, render_tfvars
from scaler.emit.write import write
from scaler.errors import Failed
from scaler.live.interface import LiveGroup

RAMP = [150, 150, 450, 450, 820, 820, 150, 150, 150]
LIVE = LiveGroup(2, 20, 4, (), "f" * 64)


def test_the_document_says_what_the_module_reads(plan_of):
    """Sizes of the first level, the mix, and one schedule per level, keyed by UTC time."""
    plan = plan_of(RAMP, live=LIVE)
    document = json.loads(render_tfvars(plan))
    assert set(document) == set(VARIABLES)
    assert document["scaler_meta"] == {
        "schema_version": "1.1",
        "plan_id": plan.plan_id,
        "generated_at": "2026-11-16T00:00:00Z",
        "expires_at": "2026-11-17T02:00:00Z",
    }
    shop = document["scaler_workloads"]["shop"]
    assert (shop["min_size"], shop["max_size"]) == (2, 20)
    assert shop["on_demand_base_capacity"] == 2
    assert shop["on_demand_percentage_above_base_capacity"] == 50
    assert shop["instance_types"] == [{"instance_type": "m7i.large", "weighted_capacity": 1}]
    assert list(shop["schedules"]) == [f"scaler-20261116T{t}Z" for t in ("0000", "0015", "0045", "0130")]
    assert shop["schedules"]["scaler-20261116T0045Z"] == {
        "start_time": "2026-11-16T00:45:00Z",
        "min_size": 9,
        "max_size": -1,
        "desired_capacity": -1,
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [("ecs_service", "shop/web"), ("sagemaker_endpoint", "ranker/AllTraffic"), ("lambda_alias", "checkout:live")],
)
def test_what_is_no_group_has_no_mix(plan_of, kind, name):
    """Sizes and schedules are the same; there are no instance types, and base and percentage say nothing."""
    plan = plan_of(RAMP, live=LIVE)
    (part,) = plan.workloads
    other = part.model_copy(update={"target": part.target.model_copy(update={"kind": kind, "name": name})})
    group, found = (
        json.loads(render_tfvars(plan.model_copy(update={"workloads": (each,)})))["scaler_workloads"]["shop"]
        for each in (part, other)
    )
    assert found["instance_types"] == []
    assert (found["on_demand_base_capacity"], found["on_demand_percentage_above_base_capacity"]) == (0, 100)
    assert set(found) == set(group)
    assert {key: found[key] for key in ("min_size", "max_size", "schedules")} == {
        key: group[key] for key in ("min_size", "max_size", "schedules")
    }


@pytest.mark.parametrize("kind", ["node_pool", "deployment"])
def test_what_terraform_does_not_make_is_left_out(plan_of, kind):
    """Targets in Kubernetes are written as YAML."""
    plan = plan_of(RAMP, live=LIVE)
    (part,) = plan.workloads
    other = part.model_copy(update={"target": part.target.model_copy(update={"kind": kind})})
    document = json.loads(render_tfvars(plan.model_copy(update={"workloads": (other,)})))
    assert document["scaler_workloads"] == {}


def test_no_null_ever(plan_of):
    """Terraform would read null as 'send nothing', which the provider sends as 0."""
    assert "null" not in render_tfvars(plan_of(RAMP))


def test_the_maximum_is_raised_where_the_live_one_is_too_low(plan_of):
    """AWS refuses a minimum above the maximum, so the two are raised together."""
    low = LiveGroup(2, 5, 4, (), "f" * 64)
    schedules = json.loads(render_tfvars(plan_of(RAMP, live=low)))["scaler_workloads"]["shop"]["schedules"]
    assert {s["max_size"] for s in schedules.values()} == {20}


@pytest.mark.parametrize(
    "text",
    [
        'variable "scaler_meta" {}\nvariable "scaler_workloads" {\n  type = map(any)\n}\n',
        'variable scaler_meta {}\n/* \n */ variable "scaler_workloads" { }\n',
    ],
)
def test_a_root_that_declares_the_variables_is_accepted(tmp_path, text):
    """As the example declares them, or in a file of another name."""
    (tmp_path / "inputs.tf").write_text(text)
    check_declared(tmp_path, VARIABLES)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ('variable "scaler_meta" {}\nvariable "scaler_workload" {}\n', "scaler_workload"),
        ('variable "scaler_meta" {}\n# variable "scaler_workloads" {}\n', "scaler_meta"),
        ('variable "scaler_meta" {}\n/*\nvariable "scaler_workloads" {}\n*/\n', "scaler_meta"),
    ],
)
def test_an_undeclared_variable_is_refused_before_writing(tmp_path, text, near):
    """Terraform would only warn and change nothing; the close name that is declared is shown."""
    (tmp_path / "variables.tf").write_text(text)
    with pytest.raises(OutputRefused, match="does not declare variable 'scaler_workloads'") as refused:
        check_declared(tmp_path, VARIABLES)
    assert refused.value.exit_code == 78
    assert near in refused.value.why


def test_a_folder_without_terraform_is_not_a_root(tmp_path):
    """The file may be written before the module is."""
    check_declared(tmp_path, VARIABLES)


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [
        ("zz.auto.tfvars", "scaler_workloads = {}\n", True),
        ("zz.auto.tfvars.json", '{"scaler_workloads": {}}', True),
        ("zz.auto.tfvars", "# scaler_workloads = {}\nmy_scaler_workloads = {}\n", False),
        ("aa.auto.tfvars", "scaler_workloads = {}\n", False),
        ("terraform.tfvars", "scaler_workloads = {}\n", False),
        ("zz.auto.tfvars.json", "not json", False),
    ],
)
def test_a_file_that_would_win_is_refused(tmp_path, name, text, refused):
    """Terraform reads files in the order of their names, and the last one wins without a word."""
    (tmp_path / name).write_text(text)
    path = tmp_path / "scaler.auto.tfvars.json"
    if not refused:
        check_read_last(path, VARIABLES, key="outputs.tfvars")
        return
    with pytest.raises(OutputRefused, match="sets scaler_workloads as well") as found:
        check_read_last(path, VARIABLES, key="outputs.tfvars")
    assert name in found.value.next_step


def test_json_syntax_is_read(tmp_path):
    """Variables may be declared in .tf.json."""
    (tmp_path / "v.tf.json").write_text(json.dumps({"variable": {name: {} for name in VARIABLES}}))
    check_declared(tmp_path, VARIABLES)


def test_a_new_file_replaces_the_old_one_and_keeps_its_mode(tmp_path):
    """What was readable to a group stays so; nothing temporary is left."""
    path = tmp_path / "scaler.auto.tfvars.json"
    path.write_text("old")
    path.chmod(0o640)
    write([Document(path, "new\n")])
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_leaves_the_old_file(tmp_path, monkeypatch, call):
    """At whichever call the disk is full, the old bytes stand and no temporary file is left."""
    path = tmp_path / "scaler.auto.tfvars.json"
    path.write_text("old")

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(os if call == "fsync" else Path, call, full)
    with pytest.raises(Failed, match="cannot write"):
        write([Document(path, "new")])
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_links_and_folders_are_not_written_through(tmp_path):
    """A symbolic link is not followed, a folder is not replaced, a missing folder is not made."""
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "folder").mkdir()
    for name, why in (("link", "symbolic link"), ("folder", "it is a folder"), ("no/file", "does not exist")):
        with pytest.raises(OutputRefused) as refused:
            write([Document(tmp_path / "ok.json", "x"), Document(tmp_path / name, "x")])
        assert why in refused.value.why
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert not (tmp_path / "ok.json").exists()
