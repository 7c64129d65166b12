"""cron and systemd: the lines as they stand, in an environment as bare as theirs, one at a time."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from scaler.demo.emulator import Emulator
from tests.examples.conftest import write_history
from tests.examples.github_runner import ROOT

CRONTAB = ROOT / "examples" / "cron" / "scaler"
SYSTEMD = ROOT / "examples" / "systemd"
CONFIG = """\
version: 1
store: STATE/forecasts
defaults: {forecast: {model: seasonal_naive}}
workloads:
  web:
    target: {asg: web}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 100/s}}
    limits: {min: 2, max: 40}
preflight: {ask: false}
"""


@dataclass(frozen=True)
class CronLine:
    """One line: when, as whom, what."""

    schedule: str
    user: str
    command: str


def crontab(text: str) -> tuple[dict[str, str], list[CronLine]]:
    """Settings and lines of a file of /etc/cron.d, as cron(8) reads it."""
    settings, lines = {}, []
    for line in text.splitlines():
        assignment = re.fullmatch(r"([A-Z_]+)=(.*)", line)
        if not line.strip() or line.startswith("#"):
            continue
        if assignment:
            settings[assignment[1]] = assignment[2]
            continue
        *when, user, command = line.split(None, 6)
        assert len(when) == 5
        assert "%" not in command, "cron would take it for the end of the line"
        lines.append(CronLine(" ".join(when), user, command))
    return settings, lines


@dataclass(frozen=True)
class Machine:
    """Where the paths of the examples lie in a test.

    Attributes:
        aws: variables of the emulated AWS, which a machine's profile would give.
    """

    etc: Path
    state: Path
    binaries: Path
    aws: Mapping[str, str]
    client: Any

    def here(self, text: str) -> str:
        """A text with the paths of this machine."""
        for path, place in (
            ("/etc/scaler", self.etc),
            ("/var/lib/scaler", self.state),
            ("/usr/local/bin", self.binaries),
        ):
            text = text.replace(path, str(place))
        return text

    def start(self, settings: Mapping[str, str], line: CronLine) -> subprocess.Popen[str]:
        """Start a line as cron does: its own variables and no others, from the root folder, without a terminal."""
        return subprocess.Popen(
            [settings["SHELL"], "-c", self.here(line.command)],
            cwd="/",
            env={**{name: self.here(value) for name, value in settings.items()}, **self.aws},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def actions(self) -> int:
        """How many scheduled actions the group has."""
        found = self.client.describe_scheduled_actions(AutoScalingGroupName="web")
        return len(found["ScheduledUpdateGroupActions"])


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with scaler, a configuration, and a role in an emulated AWS."""
    folder = tmp_path_factory.mktemp("machine")
    etc, state = folder / "etc", folder / "state"
    etc.mkdir()
    state.mkdir()
    (etc / "scaler.yaml").write_text(CONFIG.replace("STATE", str(state)))
    write_history(etc / "history.csv")
    with Emulator() as aws:
        client = Session().create_client(
            "autoscaling",
            region_name=aws.region,
            endpoint_url=aws.endpoint_url,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        client.create_launch_configuration(
            LaunchConfigurationName="web", ImageId="ami-12345678", InstanceType="m7i.large"
        )
        client.create_auto_scaling_group(
            AutoScalingGroupName="web",
            LaunchConfigurationName="web",
            MinSize=4,
            MaxSize=40,
            DesiredCapacity=4,
            AvailabilityZones=["us-east-1a"],
        )
        yield Machine(etc, state, Path(sys.executable).parent, aws.settings, client)


@pytest.mark.emulator
@pytest.mark.slow
def test_one_line_runs_and_a_second_leaves_quietly(machine: Machine) -> None:
    """While one is at work the next says nothing, writes nothing and exits 0, so that nobody gets a mail."""
    settings, (update, _) = crontab(CRONTAB.read_text())
    lock, before = machine.here("/var/lib/scaler/run.lock"), machine.actions()
    log = machine.state / "run.log"
    log.write_text("of the one that is at work")
    with subprocess.Popen(["flock", lock, "sh", "-c", "echo held; read wait"], stdin=-1, stdout=-1) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        second = machine.start(settings, update)
        out, err = second.communicate(timeout=60)
        assert (second.returncode, out, err) == (0, "", "")
        assert machine.actions() == before
        assert log.read_text() == "of the one that is at work"
        holder.communicate(b"\n", timeout=60)
    first = machine.start(settings, update)
    out, err = first.communicate(timeout=120)
    assert (first.returncode, out, err) == (0, "", ""), "cron mails whatever is printed"
    assert machine.actions() > 0
    assert re.match(r"\S+ (full|update): ", log.read_text())


@pytest.mark.emulator
@pytest.mark.slow
def test_a_run_elsewhere_is_refused_by_the_lock_in_the_store(machine: Machine) -> None:
    """Without flock, as on two machines: 3, who holds it and for how long; the lock stays."""
    settings, (update, _) = crontab(CRONTAB.read_text())
    machine.start(settings, update).communicate(timeout=120)
    (lock,) = [path for path in (machine.state / "forecasts").rglob("*lock*.json") if "rolling" in str(path)]
    released = lock.read_bytes()
    held = json.loads(released) | {"owner": "ann@build-7 (process 4711)", "held": True}
    held["expires_at"] = "2999-01-01T00:00:00+00:00"
    lock.write_text(json.dumps(held))
    bare = CronLine(update.schedule, update.user, update.command.partition("'")[2].rstrip("'"))
    refused = machine.start(settings, bare)
    _, err = refused.communicate(timeout=120)
    assert refused.returncode == 3, err
    assert "ann@build-7" in err
    assert json.loads(lock.read_bytes())["owner"] == "ann@build-7 (process 4711)"
    lock.write_bytes(released)


@pytest.mark.emulator
@pytest.mark.slow
def test_the_report_is_written_without_a_word(machine: Machine) -> None:
    """Monday's page lies there, and cron has nothing to mail."""
    settings, (_, report) = crontab(CRONTAB.read_text())
    done = machine.start(settings, report)
    out, err = done.communicate(timeout=120)
    assert (done.returncode, out, err) == (0, "", "")
    assert "<html" in (machine.state / "report.html").read_text()


def test_the_crontab_is_what_cron_takes() -> None:
    """Five fields and a user on each line, and a last line that ends."""
    text = CRONTAB.read_text()
    settings, lines = crontab(text)
    assert text.endswith("\n"), "cron ignores a last line without an end"
    assert {line.user for line in lines} == {"scaler"}
    assert all(re.fullmatch(r"[\d*/,-]+", field) for line in lines for field in line.schedule.split())
    assert "MAILTO" in settings


def _unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((SYSTEMD / name).read_text())
    return parser


def test_the_units_fit_each_other_and_cron() -> None:
    """The timer starts the service of its name; the service runs what cron runs, without its flock."""
    service, timer = _unit("scaler.service"), _unit("scaler.timer")
    _, (update, _) = crontab(CRONTAB.read_text())
    command = service["Service"]["ExecStart"].removeprefix("/usr/local/bin/")
    assert command in update.command
    assert "Unit" not in timer["Timer"]
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["TimeoutStartSec"] == "14min"


@pytest.mark.slow
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Its own check has nothing to say, and it reads the calendar as every quarter of an hour."""
    if shutil.which("systemd-analyze") is None:
        if os.environ.get("SCALER_REQUIRE_SYSTEMD") == "1":
            pytest.fail("systemd-analyze is not on the PATH")
        pytest.skip("systemd-analyze is not on the PATH")
    for name in ("scaler.service", "scaler.timer"):
        text = (SYSTEMD / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/local/bin/scaler", "/bin/true"))
    units = [str(tmp_path / name) for name in ("scaler.service", "scaler.timer")]
    check = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    calendar = _unit("scaler.timer")["Timer"]["OnCalendar"]
    read = subprocess.run(
        ["systemd-analyze", "calendar", calendar], capture_output=True, text=True, timeout=60, check=True
    )
    assert "*-*-* *:00/15:00" in read.stdout


@pytest.mark.emulator
@pytest.mark.slow
def test_the_service_runs_as_systemd_starts_it(machine: Machine) -> None:
    """Its command with nothing but its own environment: no HOME, no shell, from its state folder."""
    service = _unit("scaler.service")["Service"]
    name, _, value = service["Environment"].partition("=")
    done = subprocess.run(
        machine.here(service["ExecStart"]).split(),
        cwd=machine.here(service["WorkingDirectory"]),
        env={name: value, **machine.aws},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"\S+ (update|full): ", done.stdout)
