"""Runs the Terraform (or OpenTofu) binary through python-terraform.

Of python-terraform only ``cmd`` is used: its named methods pass options that Terraform no longer
takes, take a plan with changes for an error, or wait for an approval. ``cmd`` itself cannot limit
the time a command takes, cannot pass an environment, and logs every exit code but 0 as an error.
It does hand over the running process when asked not to wait, and from there on the runner waits.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scaler.terraform.interface import CommandResult, TerraformFailed
from scaler.terraform.messages import first_error, next_step
from scaler.terraform.process import environment, interrupt, words

# Another run may hold the state for a moment; longer than this it is stuck, or a long apply.
_LOCK_TIMEOUT = "60s"


def find_terraform(binary: str | None = None) -> str | None:
    """Path of the binary to run, or ``None`` if there is none.

    The first of: ``binary``, the environment variable ``SCALER_TERRAFORM_BIN``, ``terraform`` and
    ``tofu`` on the ``PATH``. If one of the first two is given, the others are not tried.
    """
    chosen = binary or os.environ.get("SCALER_TERRAFORM_BIN")
    if chosen:
        found = shutil.which(chosen)
        return str(Path(found).absolute()) if found else None
    return shutil.which("terraform") or shutil.which("tofu")


class Terraform:
    """Commands on one root module.

    Args:
        directory: the root module.
        binary: name or path of the binary; see :func:`find_terraform`.
        env: the complete environment of the commands; ``None`` is this process's own. While a
            command starts, and only then, this process's environment is set to it.
        timeout_seconds: a command that takes longer is interrupted, so that it saves its state, and
            fails; ``None`` waits for ever.

    Raises:
        TerraformFailed: no such directory or no binary; from any method: the command failed.
    """

    def __init__(
        self,
        directory: Path,
        binary: str | None = None,
        env: Mapping[str, str] | None = None,
        *,
        timeout_seconds: float | None = None,
    ) -> None:
        found = find_terraform(binary)
        if found is None:
            chosen = binary or os.environ.get("SCALER_TERRAFORM_BIN")
            raise TerraformFailed(
                "Terraform was not found",
                why=f"{chosen} is not an executable" if chosen else "neither terraform nor tofu is on the PATH",
                next_step="install Terraform 1.5 or newer, or set SCALER_TERRAFORM_BIN to its path",
            )
        if not directory.is_dir():
            raise TerraformFailed(
                f"Terraform cannot run in {directory}",
                why="there is no such directory",
                next_step="give the directory that holds the root module",
            )
        self.directory = directory
        self.binary = found
        self._env = env
        self._timeout_seconds = timeout_seconds

    def version(self) -> str:
        """Version of the binary, e.g. ``1.11.4``."""
        return str(self._json("version", json=True)["terraform_version"])

    def init(self) -> CommandResult:
        """Install providers and modules."""
        return self._run("init", input=False)

    def validate(self) -> CommandResult:
        """Check the configuration without asking AWS."""
        return self._run("validate")

    def plan(self, out: Path | None = None, *, variable_files: Sequence[Path] = ()) -> bool:
        """Compare configuration and reality; True if there are changes.

        Args:
            out: file that the plan is written to, for :meth:`show_json` and :meth:`apply`.
            variable_files: read after, and so in place of, those that Terraform finds by itself.
        """
        options: dict[str, Any] = {"input": False, "lock_timeout": _LOCK_TIMEOUT, "detailed_exitcode": True}
        if out is not None:
            options["out"] = str(out.absolute())
        if variable_files:
            options["var_file"] = [str(file.absolute()) for file in variable_files]
        return self._run("plan", accepted=(0, 2), **options).exit_code == 2

    def show_json(self, planfile: Path | None = None) -> dict[str, Any]:
        """A saved plan, or the state, in Terraform's JSON format (``resource_changes``, ``values``, …)."""
        arguments = () if planfile is None else (str(planfile.absolute()),)
        return self._json("show", *arguments, json=True)

    def apply(self, planfile: Path | None = None) -> CommandResult:
        """Make the changes of a saved plan or, without one, all that are needed. Asks nobody."""
        arguments = () if planfile is None else (str(planfile.absolute()),)
        return self._run("apply", *arguments, input=False, lock_timeout=_LOCK_TIMEOUT, auto_approve=True)

    def destroy(self) -> CommandResult:
        """Destroy everything in the state. Asks nobody."""
        return self._run("destroy", input=False, lock_timeout=_LOCK_TIMEOUT, auto_approve=True)

    def output_json(self) -> dict[str, Any]:
        """Values of the root module's outputs by name."""
        return {name: output["value"] for name, output in self._json("output", json=True).items()}

    def _json(self, command: str, *arguments: str, **options: Any) -> dict[str, Any]:
        result = self._run(command, *arguments, **options)
        try:
            document = json.loads(result.stdout)
        except ValueError as unreadable:
            raise TerraformFailed(
                f"terraform {command} gave no readable answer",
                why=f"its output is not JSON: {unreadable}",
                next_step=f"run `{' '.join(result.command)}` in {self.directory} to see it",
            ) from unreadable
        if not isinstance(document, dict):
            raise TerraformFailed(
                f"terraform {command} gave no readable answer",
                why="its output is JSON, but not an object",
                next_step=f"run `{' '.join(result.command)}` in {self.directory} to see it",
            )
        return document

    def _run(self, command: str, *arguments: str, accepted: tuple[int, ...] = (0,), **options: Any) -> CommandResult:
        process = self._start(command, *arguments, no_color=True, **options)
        stdout, stderr = self._wait(process, command)
        result = CommandResult(words(process), process.returncode, stdout, stderr)
        if result.exit_code not in accepted:
            raise TerraformFailed(
                f"terraform {command} failed in {self.directory}",
                why=first_error(result),
                next_step=next_step(result, self.directory),
            )
        return result

    def _start(self, command: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        import python_terraform

        flags = {name: python_terraform.IsFlagged if value is True else value for name, value in options.items()}
        runner = python_terraform.Terraform(
            working_dir=str(self.directory),
            terraform_bin_path=self.binary,
            # It reads this state file and does nothing with it: one that is not there cannot be corrupt.
            state=".no-such-state",
        )
        try:
            with environment(self._env):
                # None, unlike False, is not also passed on as an option of Terraform's.
                process, _, _ = runner.cmd(command, *arguments, synchronous=None, **flags)
        except OSError as refused:
            raise TerraformFailed(
                f"terraform {command} could not be started",
                why=f"{self.binary}: {refused.strerror}",
                next_step="check that the file is the Terraform binary for this machine",
            ) from refused
        return process  # type: ignore[no-any-return]

    def _wait(self, process: subprocess.Popen[bytes], command: str) -> tuple[str, str]:
        try:
            stdout, stderr = process.communicate(timeout=self._timeout_seconds)
        except subprocess.TimeoutExpired as late:
            interrupt(process)
            raise TerraformFailed(
                f"terraform {command} was stopped in {self.directory}",
                why=f"it took longer than {self._timeout_seconds:g} s",
                next_step="run `terraform plan` there to see what is done and what is left",
            ) from late
        except BaseException:
            interrupt(process)
            raise
        return stdout.decode(errors="replace"), stderr.decode(errors="replace")
