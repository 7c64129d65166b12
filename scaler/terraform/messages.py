"""What Terraform's own error messages say, in one line each."""

from __future__ import annotations

import re
from pathlib import Path

from scaler.terraform.interface import CommandResult

_ERROR = re.compile(r"^[\s╷│|]*Error: (?P<line>.+?)\s*$", re.MULTILINE)

# Part of Terraform's message → what to do about it.
_REMEDIES = (
    (
        r"Error acquiring the state lock",
        "wait for the other run; if none is left, unlock with `{binary} force-unlock`",
    ),
    (
        r"[Pp]lease run \"(terraform|tofu) init|Module not installed|Required plugins are not installed"
        r"|Inconsistent dependency lock file|Backend initialization required",
        "run `{binary} -chdir={directory} init`",
    ),
    (r"expired at .* Run `scaler plan`", "run `scaler plan` to write fresh variables"),
    (
        r"No valid credential sources|ExpiredToken|InvalidClientTokenId|security token included in the request",
        "log in to AWS, or set AWS_PROFILE",
    ),
    (r"Saved plan is stale", "plan again: the state has changed since"),
)


def first_error(result: CommandResult) -> str:
    """The first error that Terraform reports, or its last words, in one line."""
    for text in (result.stderr, result.stdout):
        if found := _ERROR.search(text):
            return _with_detail(text, found)
    words = [line.strip() for text in (result.stdout, result.stderr) for line in text.splitlines() if line.strip()]
    return words[-1] if words else f"it ended with exit code {result.exit_code} and said nothing"


def _with_detail(text: str, found: re.Match[str]) -> str:
    """Terraform's headline and, where that is generic, the sentence that says what is wrong."""
    headline = found["line"]
    if headline not in {"Invalid value for variable", "Resource precondition failed"}:
        return headline
    for paragraph in re.split(r"\n\s*[│|]?\s*\n", text[found.end() :])[1:]:
        lines = [line.strip(" │|") for line in paragraph.strip("\n").splitlines()]
        if lines and not lines[0].startswith(("on ", "with ", "├", "Error:")) and not lines[0][:1].isdigit():
            return f"{headline}: {' '.join(lines)}"
    return headline


def next_step(result: CommandResult, directory: Path) -> str:
    """What to do about a failed command, in one line."""
    text = result.stderr + result.stdout
    binary = Path(result.command[0]).name if result.command else "terraform"
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, re.sub(r"\s+", " ", text)):
            return remedy.format(binary=binary, directory=directory)
    command = result.command[1] if len(result.command) > 1 else "plan"
    return f"run `{binary} -chdir={directory} {command}` to see the whole message"
