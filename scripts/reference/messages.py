"""``docs/reference/messages.md`` and ``docs/reference/exit-codes.md``, from the errors in the source."""

from __future__ import annotations

from itertools import groupby

from scripts.reference.raised import Message, error_classes, messages

MESSAGES_HEAD = """\
# What it refuses, and what fails

<!-- Written by scripts/docs from the source. -->

What a command can end with, by the class of the error. A word between ‹ and › is put in when it is said; — stands for
somebody else's words, such as those of AWS or Terraform. What to do about each class is told in the
[runbook](../runbook.md). Mistakes of the command line (exit code 64) and of the configuration (78) name the option or
the line; [commands](cli.md) and [scaler.yaml](config.md) tell what each takes.
"""

CODES_HEAD = """\
# Exit codes

<!-- Written by scripts/docs; the classes are those of the source. -->

On 1, 3, 64 and 78 stderr says what happened, why, and the next step, one line each. Live capacity and earlier outputs
are then as they were, unless the message is of `scaler apply` and says what was done.

| code | meaning | ends with it |
|---|---|---|
"""

CODES = {
    0: "done",
    1: "failed: something outside scaler did not work",
    2: "changes are present; only with `--detailed-exitcode`, as Terraform has it",
    3: "refused: stale or untrustworthy data, a guardrail, an edited or expired plan, drift of the live state",
    4: "done, degraded: a fallback was used; only with `--strict`",
    64: "wrong usage of a command",
    78: "wrong configuration: names file, line, key and the mend",
    130: "interrupted",
}
CODES_TAIL = """
In a script, 0 and 2 go on, 3 needs a person, and 1 may be tried again. `scaler status` ends with 3 when it finds drift
or bad coverage, so that it can stand as a check.
"""


def exit_codes_page() -> str:
    """The page as Markdown."""
    rows = []
    for code, meaning in CODES.items():
        names = [f"`{each.name}`" for each in error_classes().values() if each.exit_code == code]
        rows.append(f"| {code} | {meaning} | {', '.join(names) or '—'} |")
    return CODES_HEAD + "\n".join(rows) + "\n" + CODES_TAIL


def messages_page() -> str:
    """The page as Markdown."""
    classes = error_classes()
    shown = [each for each in messages() if classes[each.error].exit_code in (1, 3)]
    sections = []
    for name, group in groupby(shown, key=lambda each: each.error):
        rows = [f"| {_cell(each.what)} | {_cell(each.why)} | {_cell(each.next_step)} |" for each in group]
        each = classes[name]
        head = f"## {name}\n\n{_cell(each.meaning)} Exit code {each.exit_code}.\n"
        sections.append(f"{head}\n| what | why | next step |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join([MESSAGES_HEAD, *sections])


def _cell(text: str | None) -> str:
    if text is None:
        return "—"
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("``", "`").split())


__all__ = ["CODES", "Message", "exit_codes_page", "messages_page"]
