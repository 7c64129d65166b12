"""The runner, with the real binary and root modules that need no provider."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

import pytest

from scaler.terraform.interface import TerraformFailed
from scaler.terraform.runner import Terraform, find_terraform

WITH_VARIABLE = """
variable "colour" { type = string }
resource "terraform_data" "one" { input = var.colour }
output "colour" { value = terraform_data.one.output }
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Folder of an empty root module."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def _executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


class TestFindTerraform:
    """Which binary is run."""

    def test_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The argument, then SCALER_TERRAFORM_BIN, then terraform, then tofu."""
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.delenv("SCALER_TERRAFORM_BIN", raising=False)
        assert find_terraform() is None
        tofu = _executable(tmp_path / "bin" / "tofu")
        assert find_terraform() == str(tofu)
        terraform = _executable(tmp_path / "bin" / "terraform")
        assert find_terraform() == str(terraform)
        named = _executable(tmp_path / "elsewhere" / "terraform-1.9")
        monkeypatch.setenv("SCALER_TERRAFORM_BIN", str(named))
        assert find_terraform() == str(named)
        assert find_terraform("tofu") == str(tofu)

    def test_a_named_binary_is_not_replaced_by_another(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever names a binary that is not there does not get a different one."""
        _executable(tmp_path / "terraform")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert find_terraform("terraform-9.9") is None

    def test_missing_binary(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a binary the error says how to get one."""
        monkeypatch.setenv("PATH", str(root))
        monkeypatch.delenv("SCALER_TERRAFORM_BIN", raising=False)
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root)
        assert failed.value.why == "neither terraform nor tofu is on the PATH"
        assert "SCALER_TERRAFORM_BIN" in failed.value.next_step

    def test_missing_directory(self, root: Path) -> None:
        """A root module that is not there is named."""
        with pytest.raises(TerraformFailed, match="nowhere"):
            Terraform(root / "nowhere", str(_executable(root / "terraform")))

    def test_a_file_that_cannot_run(self, root: Path) -> None:
        """A binary for another machine is told from a failing command."""
        broken = _executable(root / "terraform", "\x7fELF not really")
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, str(broken)).version()
        assert failed.value.what == "terraform version could not be started"
        assert failed.value.why.startswith(str(broken))


@pytest.mark.terraform
class TestCommands:
    """What the commands do, and say when they fail."""

    def test_version(self, root: Path, terraform_binary: str) -> None:
        """The version is a number, not a sentence."""
        assert tuple(map(int, Terraform(root, terraform_binary).version().split("-")[0].split("."))) >= (1, 5, 0)

    def test_from_plan_to_destroy(self, root: Path, terraform_binary: str) -> None:
        """Changes are seen, a saved plan is applied as it stands, and what was made is destroyed."""
        (root / "main.tf").write_text(WITH_VARIABLE)
        terraform = Terraform(root, terraform_binary, env=dict(os.environ) | {"TF_VAR_colour": "red"})
        terraform.init()
        terraform.validate()

        assert terraform.plan(root / "tfplan") is True
        (change,) = terraform.show_json(root / "tfplan")["resource_changes"]
        assert change["change"]["actions"] == ["create"]
        terraform.apply(root / "tfplan")
        assert terraform.output_json() == {"colour": "red"}
        assert terraform.plan() is False
        terraform.destroy()
        assert terraform.plan() is True

    def test_the_environment_is_complete_and_not_kept(
        self, root: Path, terraform_binary: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A command sees the environment given and nothing else; this process keeps its own."""
        monkeypatch.setenv("TF_VAR_colour", "ambient")
        (root / "main.tf").write_text('variable "colour" { default = "unset" }\noutput "colour" { value = var.colour }')
        before = dict(os.environ)
        terraform = Terraform(root, terraform_binary, env={"PATH": os.environ["PATH"], "HOME": str(root)})
        terraform.apply()
        assert terraform.output_json() == {"colour": "unset"}
        assert dict(os.environ) == before

    def test_environments_do_not_mix(self, tmp_path: Path, terraform_binary: str) -> None:
        """Commands started at the same time each see their own environment."""
        outputs: dict[str, object] = {}

        def apply(colour: str) -> None:
            folder = tmp_path / colour
            folder.mkdir()
            (folder / "main.tf").write_text('variable "colour" {}\noutput "colour" { value = var.colour }')
            terraform = Terraform(folder, terraform_binary, env=dict(os.environ) | {"TF_VAR_colour": colour})
            terraform.apply()
            outputs[colour] = terraform.output_json()["colour"]

        threads = [threading.Thread(target=apply, args=(colour,)) for colour in ("red", "green", "blue")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outputs == {"red": "red", "green": "green", "blue": "blue"}

    def test_an_error_is_told_in_terraforms_words(self, root: Path, terraform_binary: str) -> None:
        """The first line of Terraform's own message is the reason."""
        (root / "main.tf").write_text('output "x" { value = local.nothing }')
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, terraform_binary).plan()
        assert failed.value.exit_code == 1
        assert failed.value.what == f"terraform plan failed in {root}"
        assert failed.value.why == "Reference to undeclared local value"
        assert failed.value.next_step == f"run `terraform -chdir={root} plan` to see the whole message"

    def test_a_refused_value_is_told_with_its_reason(self, root: Path, terraform_binary: str) -> None:
        """Where Terraform's headline is generic the sentence of the validation follows."""
        (root / "main.tf").write_text(
            'variable "size" {\n  default = 3\n  validation {\n    condition = var.size > 5\n'
            '    error_message = "size must be above 5."\n  }\n}\n'
        )
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, terraform_binary).plan()
        assert failed.value.why == "Invalid value for variable: size must be above 5."

    def test_a_missing_variable_is_not_asked_for(self, root: Path, terraform_binary: str) -> None:
        """Nobody is there to answer a prompt: the command fails instead of waiting."""
        (root / "main.tf").write_text(WITH_VARIABLE)
        terraform = Terraform(root, terraform_binary)
        terraform.init()
        with pytest.raises(TerraformFailed) as failed:
            terraform.plan()
        assert failed.value.why == "No value for required variable"

    def test_a_root_that_is_not_initialised(self, root: Path, terraform_binary: str) -> None:
        """The next step is the command that mends it."""
        (root / "main.tf").write_text('module "m" { source = "./m" }')
        (root / "m").mkdir()
        (root / "m" / "main.tf").write_text("")
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, terraform_binary).plan()
        assert failed.value.next_step == f"run `terraform -chdir={root} init`"

    def test_another_binary_is_called_by_its_name(self, root: Path, terraform_binary: str) -> None:
        """OpenTofu takes the same commands; the next step names the binary that was run."""
        (root / "main.tf").write_text('module "m" { source = "./m" }')
        (root / "m").mkdir()
        (root / "m" / "main.tf").write_text("")
        tofu = root.parent / "tofu"
        tofu.symlink_to(terraform_binary)
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, str(tofu)).plan()
        assert failed.value.next_step == f"run `tofu -chdir={root} init`"

    def test_a_damaged_state_is_terraforms_to_tell(self, root: Path, terraform_binary: str) -> None:
        """A state file that is not JSON fails the command, with a reason, and is left as it is."""
        (root / "main.tf").write_text('output "x" { value = 1 }')
        (root / "terraform.tfstate").write_text('{"half": ')
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, terraform_binary).plan()
        assert failed.value.why
        assert (root / "terraform.tfstate").read_text() == '{"half": '

    def test_a_state_that_is_locked(self, root: Path, terraform_binary: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """While another command holds the state the runner waits, fails, and says what to do."""
        monkeypatch.setattr("scaler.terraform.runner._LOCK_TIMEOUT", "1s")
        (root / "main.tf").write_text(
            'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 60"\n  }\n}\n'
        )
        holder = Terraform(root, terraform_binary, timeout_seconds=6)
        holder.init()
        failures: list[TerraformFailed] = []

        def hold() -> None:
            try:
                holder.apply()
            except TerraformFailed as stopped:
                failures.append(stopped)

        thread = threading.Thread(target=hold)
        thread.start()
        deadline = time.monotonic() + 10
        while not (root / ".terraform.tfstate.lock.info").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, terraform_binary).plan()
        thread.join()
        assert failed.value.why == "Error acquiring the state lock"
        assert "force-unlock" in failed.value.next_step
        assert [stopped.why for stopped in failures] == ["it took longer than 6 s"]

    def test_a_command_that_takes_too_long_is_interrupted(self, root: Path, terraform_binary: str) -> None:
        """It is ended in time, and Terraform has given its lock back."""
        (root / "main.tf").write_text(
            'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 60"\n  }\n}\n'
        )
        Terraform(root, terraform_binary).init()
        began = time.monotonic()
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, terraform_binary, timeout_seconds=3).apply()
        assert time.monotonic() - began < 40
        assert failed.value.why == "it took longer than 3 s"
        assert not (root / ".terraform.tfstate.lock.info").exists()

    def test_nothing_leaks(
        self, root: Path, terraform_binary: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Neither a plan with changes nor a failure is logged as an error or written to the terminal."""
        caplog.set_level(logging.INFO)
        (root / "main.tf").write_text(WITH_VARIABLE)
        terraform = Terraform(root, terraform_binary, env=dict(os.environ) | {"TF_VAR_colour": "red"})
        terraform.init()
        assert terraform.plan() is True
        (root / "main.tf").write_text("nonsense")
        with pytest.raises(TerraformFailed):
            terraform.plan()
        assert caplog.records == []
        assert capfd.readouterr() == ("", "")

    def test_an_answer_that_is_not_json(self, root: Path) -> None:
        """A binary that is not Terraform is not believed."""
        imposter = _executable(root / "terraform", "#!/bin/sh\necho hello\n")
        with pytest.raises(TerraformFailed) as failed:
            Terraform(root, str(imposter)).version()
        assert failed.value.what == "terraform version gave no readable answer"
