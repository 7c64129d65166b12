"""The command line as its caller sees it: exit codes, streams, and what an error looks like."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from scaler import __version__
from scaler.cli.main import main
from scaler.errors import Failed, Refused, ScalerError
from tests.config.conftest import WEB

HEAVY = ("pydantic", "numpy", "boto3", "botocore", "pandas", "pyarrow", "scipy", "statsmodels", "prophet", "ruamel")
SCALER = (sys.executable, "-m", "scaler.cli.main")

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scaler.yaml").write_text(WEB)
    monkeypatch.chdir(tmp_path)


def _failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the stage that validate calls end with ``error``."""

    def fail(_path: object) -> None:
        raise error

    monkeypatch.setattr("scaler.config.reader.load_config", fail)


def test_validate_says_ok_on_stdout(capsys: Captured) -> None:
    """A right configuration is one line, exit code 0 and a silent stderr."""
    assert main(["validate"]) == 0
    assert capsys.readouterr() == ("scaler.yaml: ok, 1 workload\n", "")


def test_validate_quiet_only_speaks_by_its_code(capsys: Captured) -> None:
    """--quiet leaves nothing to print."""
    assert main(["validate", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_validate_answers_a_program_in_json(capsys: Captured) -> None:
    """--format json is one object on stdout, right or wrong."""
    assert main(["validate", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"valid": True, "file": "scaler.yaml", "workloads": ["web"]}
    Path("scaler.yaml").write_text(WEB.replace("min: 2", "min: 200").replace("zero", "none"))
    assert main(["validate", "--format", "json"]) == 78
    answer = json.loads(capsys.readouterr().out)
    assert answer["valid"] is False
    assert [(problem["line"], problem["key"]) for problem in answer["problems"]] == [
        (9, "workloads.web.load.missing"),
        (12, "workloads.web.limits.min"),
    ]


def test_a_configuration_error_is_three_lines_on_stderr(capsys: Captured) -> None:
    """File, line, key and what; why; the next step; nothing on stdout; 78."""
    Path("scaler.yaml").write_text(WEB.replace("min: 2", "min: -2"))
    assert main(["validate"]) == 78
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "error: scaler.yaml:12: workloads.web.limits.min: must be at least 0, not -2",
        "  why: what it is for: Never plan below.",
        " next: Correct line 12; the command scaler schema tells what each key takes.",
    ]


def test_validate_names_every_mistake(capsys: Captured) -> None:
    """Three lines for each, in the order of the file."""
    Path("scaler.yaml").write_text(WEB.replace("min: 2", "mni: 2").replace("450/s", "fast"))
    assert main(["validate"]) == 78
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines[::3]] == ["scaler.yaml:11", "scaler.yaml:12"]
    assert not any("more mistake" in line for line in lines)


def test_a_missing_configuration_is_78(capsys: Captured) -> None:
    """And the next step says how to name another."""
    assert main(["validate", "--config", "none.yaml"]) == 78
    assert "--config" in capsys.readouterr().err.splitlines()[2]


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["frobnicate"], "scaler"),
        (["validate", "--frobnicate"], "scaler validate"),
        (["validate", "--format", "yaml"], "scaler validate"),
        (["fetch", "extra"], "scaler fetch"),
        (["--frobnicate"], "scaler"),
        (["fetch", "\x1b[31mextra"], "scaler fetch"),
    ],
)
def test_wrong_usage_is_64(capsys: Captured, argv: list[str], command: str) -> None:
    """Three lines, the last one telling which help to read."""
    assert main(argv) == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 3
    assert err.startswith("error: ")
    assert err.endswith(f" next: Run: {command} --help\n")
    assert "\x1b" not in err
    assert "Value error" not in err


def test_no_command_at_all_is_64_with_the_help(capsys: Captured) -> None:
    """The help goes to stderr: a program that forgot the command gets no data."""
    assert main([]) == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert "Commands:" in err


def test_help_and_version_are_results(capsys: Captured) -> None:
    """Both go to stdout, exit code 0."""
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"scaler {__version__}\n", "")
    for argv in (["--help"], ["-h"], ["validate", "--help"], ["schema", "-h"]):
        assert main(argv) == 0
        out, err = capsys.readouterr()
        assert "--debug" in out
        assert err == ""


@pytest.mark.parametrize("error", [Failed, Refused, ScalerError])
def test_each_error_ends_the_command_with_its_code(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, error: type[ScalerError]
) -> None:
    """1 failed, 3 refused; and no traceback, unless it is asked for."""
    _failing(monkeypatch, error("it broke", why="it was old", next_step="Buy another."))
    assert main(["validate"]) == error.exit_code
    assert capsys.readouterr().err == "error: it broke\n  why: it was old\n next: Buy another.\n"
    for argv in (["validate", "--debug"], ["--debug", "validate"]):
        assert main(argv) == error.exit_code
        assert capsys.readouterr().err.startswith("Traceback")


def test_other_mistakes_are_counted_by_commands_that_do_not_name_them(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that meets several mistakes says how many more there are."""
    error = Refused("first", why="so", next_step="Mend it.")
    error.more = ("second", "third")  # type: ignore[attr-defined]
    _failing(monkeypatch, error)
    main(["validate"])
    assert " next: Mend it. (2 more mistakes: scaler validate names them.)\n" in capsys.readouterr().err


def test_text_of_others_cannot_drive_the_terminal(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control characters, line ends and bidirectional marks are shown, and markup stays text."""
    _failing(monkeypatch, Failed("[red]a\x1b[31m", why="b\r\nerror: forged", next_step="c\u202e\x9b"))
    main(["validate"])
    assert capsys.readouterr().err == ("error: [red]a\\x1b[31m\n  why: b\\r\\nerror: forged\n next: c\\u202e\\x9b\n")


def test_an_unexpected_exception_is_a_bug_and_says_so(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """1, three lines, no traceback without --debug, and no secret that the exception quotes."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    _failing(monkeypatch, ZeroDivisionError(f"boom AKIAIOSFODNN7EXAMPLE {secret}\n\x1b[2J"))
    for argv, lines in ((["validate"], 3), (["validate", "--debug"], None)):
        assert main(argv) == 1
        err = capsys.readouterr().err
        assert "ZeroDivisionError: boom" in err
        assert "this is a bug in scaler" in err
        assert secret not in err
        assert "AKIAIOSFODNN7EXAMPLE" not in err
        assert "\x1b" not in err
        assert ("Traceback" in err) is (lines is None)
        assert lines in (None, len(err.splitlines()))


def test_an_interruption_is_130(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """One word, no traceback."""
    _failing(monkeypatch, KeyboardInterrupt())
    assert main(["validate"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_broken_pipe_elsewhere_is_a_failure(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the reader of stdout may leave quietly; a lost connection is not success."""
    _failing(monkeypatch, BrokenPipeError(32, "Broken pipe"))
    assert main(["validate"]) == 1
    assert "Broken pipe" in capsys.readouterr().err


def test_schema_prints_the_two_schemas(capsys: Captured) -> None:
    """Of the configuration, and with --plan of the plan document; both are JSON Schemas."""
    for argv, title in ((["schema"], "scaler.yaml"), (["schema", "--plan"], "scaler plan")):
        assert main(argv) == 0
        schema = json.loads(capsys.readouterr().out)
        Draft202012Validator.check_schema(schema)
        assert schema["title"] == title


def test_help_imports_nothing_heavy() -> None:
    """The help stays instant: no validation, numbers, AWS or YAML library is imported."""
    program = (
        "import sys; from scaler.cli.main import main; code = main(['--help']);"
        f"print('heavy:', sorted({{name.partition('.')[0] for name in sys.modules}} & set({HEAVY!r})), code)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.endswith("heavy: [] 0\n")


@pytest.mark.slow
def test_help_costs_at_most_twice_the_import_of_its_libraries() -> None:
    """CPU time of scaler --help against importing typer and rich, each the best of seven."""

    def best(*command: str) -> float:
        costs = []
        for _ in range(7):
            before = os.times()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=60)
            after = os.times()
            costs.append(after.children_user + after.children_system - before.children_user - before.children_system)
        return min(costs)

    assert best(*SCALER, "--help") <= 2 * best(sys.executable, "-c", "import typer, rich")


def test_a_reader_that_leaves_is_no_failure() -> None:
    """`scaler schema | head -1`: 0, and not a word."""
    with subprocess.Popen([*SCALER, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_cannot_be_delivered_is_a_failure() -> None:
    """A full disk behind stdout does not pass for success."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*SCALER, "schema"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("command", "code"), [("schema", 0), ("frobnicate", 64)])
def test_closed_streams_change_no_exit_code(command: str, code: int) -> None:
    """A caller that wants neither output nor errors still gets the code."""
    shell = f"{sys.executable} -m scaler.cli.main {command} >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", shell], check=False, timeout=60).returncode == code


def test_ctrl_c_ends_a_running_command_with_130(tmp_path: Path) -> None:
    """The signal of a terminal, in the middle of reading."""
    os.mkfifo(tmp_path / "pipe.yaml")
    with subprocess.Popen([*SCALER, "validate", "-c", "pipe.yaml"], stderr=subprocess.PIPE, text=True) as running:
        # Opening succeeds once the reader is there, so the command is past its imports.
        with (tmp_path / "pipe.yaml").open("wb"):
            time.sleep(0.2)
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == 130
        assert running.stderr is not None
        assert running.stderr.read() == "interrupted\n"


@pytest.mark.parametrize(
    ("more", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(more: dict[str, str], coloured: bool) -> None:
    """On a terminal the word error is red, unless NO_COLOR or the terminal says otherwise."""
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm", **more}
    controller, terminal = pty.openpty()
    try:
        subprocess.run([*SCALER, "frobnicate"], stderr=terminal, env=environment, check=False, timeout=60)
        assert (b"\x1b[1;31merror:" in os.read(controller, 4096)) is coloured
    finally:
        os.close(terminal)
        os.close(controller)


def test_without_terminal_home_or_locale_it_works_in_plain_text(tmp_path: Path) -> None:
    """The environment of cron: no HOME, no TERM, no LANG; and the file may lie under a name that is not ASCII."""
    folder = tmp_path / "größe"
    folder.mkdir()
    (folder / "scaler.yaml").write_text(WEB)
    ended = subprocess.run(
        [*SCALER, "validate", "-c", str(folder / "scaler.yaml")], env={}, capture_output=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.decode().endswith("größe/scaler.yaml: ok, 1 workload\n")
    failed = subprocess.run(
        [*SCALER, "validate", "-c", "no"], env={"LC_ALL": "C"}, capture_output=True, check=False, timeout=60
    )
    assert failed.returncode == 78
    assert b"\x1b" not in failed.stderr
