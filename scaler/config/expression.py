"""Metric math: which expressions can be asked piece by piece, and renaming their metrics.

GetMetricData gives no token for the rest of an expression, so scaler cuts the time itself. That is sound only
where a point of the result depends on the points of the same moment and on no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html: functions of one moment.
POINTWISE = frozenset(
    {"ABS", "CEIL", "DATE", "DAY", "EPOCH", "FILL", "FLOOR", "HOUR", "IF", "LOG", "LOG10", "MINUTE", "MONTH", "PERIOD",
     "TIME_SERIES", "YEAR"}
)  # fmt: skip
# Of several series they give one, moment by moment; of one series a single number over the whole window.
POINTWISE_OF_A_LIST = frozenset({"AVG", "MAX", "MIN", "SUM"})
_WORDS = frozenset({"AND", "OR"})
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>&&|\|\||[=!<>]=|[-+*/^()\[\],<>])"
)


def check_expression(expression: str, metrics: Mapping[str, object]) -> None:
    """Refuse an expression that cannot be asked piece by piece, or whose names do not fit its metrics.

    Raises:
        ValueError: says which part, and what to write instead.
    """
    tokens = list(_tokens(expression))
    used: set[str] = set()
    for index, (kind, text) in enumerate(tokens):
        if kind != "name":
            continue
        after = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        if after == "(":
            _check_function(text, [part for _, part in tokens[index + 2 :]])
        elif text[0].islower():
            used.add(text)
        elif text not in _WORDS:
            raise ValueError(f"has {text!a}, which is neither a function nor one of metrics")
    if used != set(metrics):
        unknown, unused = sorted(used - set(metrics)), sorted(set(metrics) - used)
        what = f"{unknown[0]} is not one of metrics" if unknown else f"{unused[0]} is not used"
        raise ValueError(f"and metrics must name the same series: {what}")


def renamed(expression: str, prefix: str) -> str:
    """The expression with ``prefix`` before the name of each metric, so that many fit into one call."""
    return "".join(
        prefix + text if kind == "name" and text[0].islower() else text for kind, text in _tokens(expression, all_=True)
    )


def _check_function(name: str, rest: list[str]) -> None:
    if name in POINTWISE_OF_A_LIST and rest[:1] == ["["]:
        return
    if name in POINTWISE_OF_A_LIST:
        raise ValueError(f"uses {name} over time, which depends on the window asked: write {name}([m1, m2])")
    if name not in POINTWISE:
        raise ValueError(
            f"uses {name}, whose result is more than one series or depends on other moments; "
            f"one of {', '.join(sorted(POINTWISE))} can be asked piece by piece"
        )
    if name == "FILL" and {"REPEAT", "LINEAR"} & set(rest):
        raise ValueError("fills gaps from other moments: leave the gaps, or declare load.missing: zero")


def _tokens(expression: str, *, all_: bool = False) -> Iterator[tuple[str, str]]:
    """Kind and text of each token; white space only if ``all_``."""
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise ValueError(f"cannot be read from {expression[at : at + 10]!a} on")
        at = match.end()
        if all_ or match.lastgroup != "space":
            yield str(match.lastgroup), match.group()
