"""Keeps secrets out of messages that quote somebody else's text."""

from __future__ import annotations

import re

# What AWS error texts are known to echo: access key ids, signatures and tokens of a rejected request, and
# credentials in the address of a proxy. A long run of upper and lower case and digits is a secret or of no use
# to the reader; names of AWS resources do not look so.
_SECRETS = (
    # After a small letter, too: what is left of a colour code may stand right before it.
    (re.compile(r"(?<![A-Z0-9])(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}"), "[redacted]"),
    (re.compile(r"(://)[^/\s:@]+:[^/\s@]+@"), r"\1[redacted]@"),
    (
        re.compile(
            r"(?i)((?:signature|credential|x-amz-[a-z-]*token|security-?token|session-?token|secret[a-z_-]*key"
            r"|password|authorization)[\"']?\s*[=:]\s*[\"']?)[^\s,;&\"']+"
        ),
        r"\1[redacted]",
    ),
    (
        re.compile(
            r"(?<![A-Za-z0-9+/=_-])(?=[a-z0-9+/=_]*[A-Z])(?=[A-Z0-9+/=_]*[a-z])(?=[A-Za-z+/=_]*[0-9])"
            r"[A-Za-z0-9+/=_]{40,}(?![A-Za-z0-9+/=_-])"
        ),
        "[redacted]",
    ),
)

LONGEST_CHARACTERS = 300  # a message is one line of a terminal or a log, not a dump of a request


def printable_line(text: object) -> str:
    """``text`` as one line without control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in str(text)).split())


def one_safe_line(text: object) -> str:
    """``text`` as one line without control characters or secrets, cut to :data:`LONGEST_CHARACTERS`."""
    line = printable_line(text)
    for pattern, replacement in _SECRETS:
        line = pattern.sub(replacement, line)
    return line if len(line) <= LONGEST_CHARACTERS else line[: LONGEST_CHARACTERS - 1] + "…"
