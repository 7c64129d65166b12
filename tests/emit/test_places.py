"""Where outputs may lie: inside the project, each in a file of its own, in a root that declares what is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaler.cli.main import main
from scaler.emit.interface import OutputRefused
from scaler.emit.places import check_different, check_inside, output_root

CONFIG = """\
version: 1
defaults: {{forecast: {{model: seasonal_naive}}}}
workloads:
  web:
    target: {{asg: web}}
    load: {{file: {{path: history.csv, statistic: Sum, period: 15m}}}}
    capacity: {{throughput: {{m7i.large: 100/s}}}}
    limits: {{min: 2, max: 30}}
outputs: {outputs}
"""


@pytest.fixture
def project(tmp_path: Path):
    """Write a configuration of one workload with these outputs."""

    def make(**outputs: str) -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        end = datetime(2026, 11, 16, tzinfo=UTC)
        rows = [f"web,{end - timedelta(minutes=15 * n):%Y-%m-%dT%H:%M:%SZ},{90_000 + n % 96}" for n in range(1, 1400)]
        (folder / "history.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
        config = folder / "scaler.yaml"
        config.write_text(CONFIG.format(outputs=json.dumps(outputs)))
        return config

    return make


def plan(config: Path, *arguments: str) -> int:
    return main(["plan", "-c", str(config), "--as-of", "2026-11-16T00:00Z", "--offline", "--quiet", *arguments])


def everything(folder: Path) -> dict[str, bytes]:
    """Every file that is not a store's."""
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and "forecasts" not in p.parts}


class TestOutputs:
    """What ``scaler plan`` refuses with 78 before it asks anybody, and leaves as it was."""

    @pytest.mark.parametrize("path", ["../elsewhere/x.tfvars.json", "{root}/elsewhere/x.tfvars.json"])
    def test_outside_the_project(self, project, tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str) -> None:
        """A configuration cannot name a file of somebody else's, by whatever way."""
        (tmp_path / "elsewhere").mkdir()
        config = project(tfvars=path.format(root=tmp_path))
        before = everything(tmp_path)
        assert plan(config) == 78
        assert everything(tmp_path) == before
        err = capsys.readouterr().err
        assert "it lies outside" in err
        assert "--terraform-dir" in err

    def test_through_a_linked_folder(self, project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder inside that leads outside is not followed."""
        config = project(tfvars="infra/x.tfvars.json")
        (tmp_path / "elsewhere").mkdir()
        (config.parent / "infra").symlink_to(tmp_path / "elsewhere")
        assert plan(config) == 78
        assert "it lies outside" in capsys.readouterr().err
        assert list((tmp_path / "elsewhere").iterdir()) == []

    @pytest.mark.parametrize(("make", "why"), [("link", "symbolic link"), ("folder", "it is a folder")])
    def test_not_a_place_for_a_file(
        self, project, tmp_path: Path, capsys: pytest.CaptureFixture[str], make: str, why: str
    ) -> None:
        """A link is not followed, a folder not replaced."""
        config = project(tfvars="x.tfvars.json")
        place = config.parent / "x.tfvars.json"
        if make == "link":
            (tmp_path / "mine").write_text("mine")
            place.symlink_to(tmp_path / "mine")
        else:
            place.mkdir()
        assert plan(config) == 78
        assert why in capsys.readouterr().err
        assert make == "folder" or (tmp_path / "mine").read_text() == "mine"

    def test_two_outputs_in_one_file(self, project, capsys: pytest.CaptureFixture[str]) -> None:
        """The one written last would take the place of the other."""
        config = project(tfvars="x.tfvars.json", community_tfvars="./x.tfvars.json")
        assert plan(config) == 78
        assert "outputs.tfvars and outputs.community_tfvars name the same file" in capsys.readouterr().err

    def test_the_communitys_variable_must_be_declared(self, project, capsys: pytest.CaptureFixture[str]) -> None:
        """Terraform would only warn, and change nothing."""
        config = project(community_tfvars="x.auto.tfvars.json")
        (config.parent / "variables.tf").write_text('variable "scaler_autoscalng" {}\n')
        assert plan(config) == 78
        err = capsys.readouterr().err
        assert "does not declare variable 'scaler_autoscaling'" in err
        assert "scaler_autoscalng" in err

    def test_both_files_are_written_or_none(
        self, project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """If the disk fails at the second file, the first is as it was as well."""
        config = project(tfvars="a.auto.tfvars.json", community_tfvars="b.auto.tfvars.json")
        for name in ("a", "b"):
            (config.parent / f"{name}.auto.tfvars.json").write_text("old")
        import os

        calls, real = [], os.fsync

        def full(descriptor: int) -> None:
            calls.append(descriptor)
            if len(calls) == 2:
                raise OSError(28, "No space left on device")
            real(descriptor)

        with monkeypatch.context() as patched:
            patched.setattr("scaler.emit.write.os.fsync", full)
            assert plan(config) == 1
        assert {p.read_text() for p in config.parent.glob("*.tfvars.json")} == {"old"}
        assert [p for p in config.parent.iterdir() if p.suffix == ".tmp"] == []
        assert plan(config) == 0
        own, community = (json.loads((config.parent / f"{name}.auto.tfvars.json").read_text()) for name in ("a", "b"))
        assert own["scaler_workloads"]["web"]["min_size"] == community["scaler_autoscaling"]["web"]["min_size"]


class TestTerraformOptions:
    """What makes no sense is refused before anything is asked."""

    @pytest.mark.parametrize("option", ["--terraform-bin", "--terraform-out"])
    def test_options_without_a_root(self, project, capsys: pytest.CaptureFixture[str], option: str) -> None:
        """Without a root there is nothing for Terraform to plan."""
        assert plan(project(tfvars="x.auto.tfvars.json"), option, "x") == 64
        assert "goes with --terraform-dir" in capsys.readouterr().err

    def test_a_part_of_the_fleet(
        self, project, tmp_path: Path, capsys: pytest.CaptureFixture[str], a_binary: str
    ) -> None:
        """A part is not written, so Terraform would plan without it."""
        config = project(tfvars="x.auto.tfvars.json")
        arguments = ("--terraform-dir", str(config.parent), "--terraform-bin", a_binary, "--workload", "web")
        assert plan(config, *arguments) == 64
        assert "goes with the whole fleet" in capsys.readouterr().err

    def test_a_root_that_gets_no_variables(
        self, project, tmp_path: Path, capsys: pytest.CaptureFixture[str], a_binary: str
    ) -> None:
        """Terraform would plan without scaler's numbers, and the table would be about nothing."""
        (tmp_path / "infra").mkdir()
        config = project(tfvars="x.auto.tfvars.json")
        assert plan(config, "--terraform-dir", str(tmp_path / "infra"), "--terraform-bin", a_binary) == 78
        err = capsys.readouterr().err
        assert "no variables are written into" in err
        assert "outputs.tfvars is x.auto.tfvars.json" in err

    def test_no_such_root(self, project, tmp_path: Path, capsys: pytest.CaptureFixture[str], a_binary: str) -> None:
        """It is named."""
        config = project(tfvars="x.auto.tfvars.json")
        assert plan(config, "--terraform-dir", str(tmp_path / "nowhere"), "--terraform-bin", a_binary) == 1
        assert "nowhere" in capsys.readouterr().err

    def test_a_root_named_on_the_command_line_may_lie_anywhere(
        self, project, tmp_path: Path, capsys: pytest.CaptureFixture[str], a_binary: str
    ) -> None:
        """Who types it has seen it; a Terraform that fails leaves it as it was."""
        (tmp_path / "infra").mkdir()
        config = project(tfvars="../infra/x.auto.tfvars.json")
        assert plan(config, "--terraform-dir", str(tmp_path / "infra"), "--terraform-bin", a_binary) == 1
        assert "terraform plan failed" in capsys.readouterr().err
        assert list((tmp_path / "infra").iterdir()) == []


@pytest.fixture
def a_binary(tmp_path: Path) -> str:
    """Something that can be started and is not Terraform."""
    path = tmp_path / "terraform"
    path.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    path.chmod(0o755)
    return str(path)


def test_the_root_is_the_repository(tmp_path: Path) -> None:
    """A configuration in a folder of a repository may write into another folder of it, and not out of it."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "ops").mkdir()
    assert output_root(tmp_path / "repository" / "ops") == (tmp_path / "repository").resolve()
    assert output_root(tmp_path) == tmp_path.resolve()


def test_names_of_places_are_compared_as_they_are(tmp_path: Path) -> None:
    """``repository-2`` does not lie in ``repository``; ``a/../x`` is ``x``."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a-2").mkdir()
    check_inside(tmp_path / "a" / ".." / "a" / "x", [tmp_path / "a"], key="outputs.tfvars")
    with pytest.raises(OutputRefused):
        check_inside(tmp_path / "a-2" / "x", [tmp_path / "a"], key="outputs.tfvars")
    check_different([("one", tmp_path / "x"), ("two", tmp_path / "y")])
    with pytest.raises(OutputRefused):
        check_different([("one", tmp_path / "x"), ("two", tmp_path / "a" / ".." / "x")])
