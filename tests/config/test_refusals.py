"""What a configuration is refused for, and what the message says."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scaler.config import InvalidConfiguration, load_config
from scaler.config.yaml_tree import MAX_BYTES
from scaler.errors import ConfigurationError

Refusal = Callable[[str | bytes], ConfigurationError]


def test_the_folder_of_the_file_is_the_root(tmp_path: Path, web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths of a configuration start where it lies, not where scaler is run."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "scaler.yaml").write_text(web)
    monkeypatch.chdir(tmp_path)
    project = load_config(Path("infra/scaler.yaml"))
    assert project.root == tmp_path / "infra"
    assert project.path("forecasts/") == tmp_path / "infra" / "forecasts"
    assert [workload.name for workload in project.workloads()] == ["web"]


@pytest.mark.parametrize(
    ("period", "lookback", "kept"), [("1m", "16d", "15d"), ("5m", "64d", "63d"), ("1h", "456d", "455d")]
)
def test_row_18_a_period_beyond_cloudwatch_retention_is_refused(
    refusal: Refusal, web: str, period: str, lookback: str, kept: str
) -> None:
    """CloudWatch would answer such a lookback with nothing and no error, so it is never asked."""
    error = refusal(web.replace("5m}", f"{period}}}").replace("14d", lookback))
    assert (error.line, error.key) == (8, "workloads.web.load.cloudwatch.period")
    assert f"at most {kept}" in error.what


@pytest.mark.parametrize(("period", "lookback"), [("1m", "15d"), ("5m", "63d"), ("1h", "455d")])
def test_row_18_a_period_within_cloudwatch_retention_is_accepted(
    tmp_path: Path, web: str, period: str, lookback: str
) -> None:
    """All that CloudWatch keeps may be asked for."""
    (tmp_path / "scaler.yaml").write_text(web.replace("5m}", f"{period}}}").replace("14d", lookback))
    assert len(load_config(tmp_path / "scaler.yaml").workloads()) == 1


def test_row_18_the_instances_of_a_utilisation_are_held_to_retention_too(refusal: Refusal, web: str) -> None:
    """The second metric of a workload may not silently come back empty either."""
    counted = "cloudwatch: {namespace: AWS/AutoScaling, metric: GroupInServiceInstances, period: 1m}"
    text = (
        web.replace("Sum", "Average")
        .replace("14d", "20d")
        .replace(
            "throughput: {m7i.large: 450/s, c7i.large: 520/s}",
            "weights: {m7i.large: 1}\n      utilisation:\n        target: 60%\n        instances:\n          "
            + counted,
        )
    )
    error = refusal(text)
    assert error.key == "workloads.web.capacity.utilisation.instances.cloudwatch.period"
    assert error.line == text[: text.index("AWS/AutoScaling")].count("\n") + 1


def test_row_23_a_minimum_above_the_maximum_is_refused(refusal: Refusal, web: str) -> None:
    """Both bounds are shown, at the line of the minimum."""
    error = refusal(web.replace("min: 2", "min: 200"))
    assert (error.line, error.key) == (12, "workloads.web.limits.min")
    assert "200" in error.what
    assert "120" in error.what


def test_row_39_an_alias_bomb_is_refused_without_being_expanded(refusal: Refusal) -> None:
    """A billion laughs cost nothing: the first anchor ends the reading."""
    bomb = 'a: &a ["lol", "lol", "lol", "lol", "lol", "lol", "lol", "lol", "lol"]\n'
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    started = time.process_time()
    error = refusal(bomb)
    assert time.process_time() - started < 1
    assert error.line == 1
    assert "anchor &a" in error.what


def test_row_39_an_alias_is_refused_at_its_line(refusal: Refusal, web: str) -> None:
    """Even one that is defined nowhere."""
    error = refusal(web + "    tags: *common\n")
    assert (error.line, error.key) == (13, "workloads.web.tags")
    assert "alias *common" in error.what


def test_row_39_a_file_beyond_the_size_cap_is_refused_unparsed(refusal: Refusal) -> None:
    """Size is checked before anything is parsed, so what follows the cap does not matter."""
    started = time.process_time()
    error = refusal(b"{" * (MAX_BYTES + 1))
    assert time.process_time() - started < 0.5
    assert "1024 KiB" in error.what


def test_row_39_deep_nesting_is_refused(refusal: Refusal) -> None:
    """Brackets cannot exhaust the stack."""
    assert "nested too deeply" in refusal("[" * 900 + "]" * 900).what
    assert "nested too deeply" in refusal("- " * 5000).what
    assert "nested too deeply" in refusal("{a: " * 5000).what


def test_row_40_a_duplicate_key_names_both_lines(refusal: Refusal, web: str) -> None:
    """Of two values for one key neither silently wins."""
    error = refusal(web + "    limits: {min: 3, max: 4}\n")
    assert (error.line, error.key) == (13, "workloads.web.limits")
    assert "duplicate key" in error.what
    assert "line 12" in error.why


def test_row_40_keys_that_differ_only_in_quotes_are_duplicates(refusal: Refusal, web: str) -> None:
    """A key is its text."""
    assert "duplicate key" in refusal(web + '"version": 1\n').what


@pytest.mark.parametrize(
    ("right", "wrong", "line", "key", "mend"),
    [
        ("limits:", "limit:", 12, "workloads.web.limit", "limits"),
        ("statistic:", "statistics:", 8, "workloads.web.load.cloudwatch.statistics", "statistic"),
        ("missing:", "mising:", 9, "workloads.web.load.mising", "missing"),
        ("history:", "hystory:", 3, "defaults.hystory", "history"),
        ("workloads:", "workload:", 4, "workload", "workloads"),
        ("throughput:", "Throughput:", 11, "workloads.web.capacity.Throughput", "throughput"),
    ],
)
def test_row_40_an_unknown_key_gets_a_suggestion(
    refusal: Refusal, web: str, *, right: str, wrong: str, line: int, key: str, mend: str
) -> None:
    """The suggestion is a key that is valid at that very place."""
    error = refusal(web.replace(right, wrong, 1))
    errors = (error, *getattr(error, "more", ()))
    (unknown,) = [each for each in errors if "unknown key" in each.what]
    assert (unknown.line, unknown.key) == (line, key)
    assert unknown.next_step == f"Did you mean {mend}?"


def test_row_40_an_unknown_key_like_no_other_shows_what_is_valid(refusal: Refusal, web: str) -> None:
    """Without a near name, the reader sees the whole choice."""
    error = refusal(web.replace("{min: 2,", "{zzz: 1, min: 2,"))
    assert error.why == "workloads.web.limits takes min, max, max_usd_per_day"


@pytest.mark.parametrize(
    ("right", "wrong", "key", "words"),
    [
        ("min: 2", 'min: "2"', "limits.min", "must be a whole number, not '2'"),
        ("min: 2", "min: 2.5", "limits.min", "must be a whole number, not 2.5"),
        ("min: 2", "min: true", "limits.min", "must be a whole number, not true"),
        ("min: 2", "min: -1", "limits.min", "must be at least 0, not -1"),
        ("min: 2", "min: no", "limits.min", "must be a whole number, not 'no'"),
        ("min: 2", "min: ~", "limits.min", "must be a whole number, not nothing"),
        ("Sum", "sum", "load.cloudwatch.statistic", "must be Sum, Average, Maximum"),
        ("zero", "none", "load.missing", "must be 'gap' or 'zero', not 'none'"),
        ("5m", "300", "load.cloudwatch.period", "must be a number with a unit"),
        ("5m", "7m", "load.cloudwatch.period", "must be a whole number of minutes that divides a day"),
        ("450/s", "fast", "capacity.throughput.m7i.large", "must be a number above 0"),
        ("450/s", "450", "capacity.throughput.m7i.large", "must be a rate, as Sum counts events: write 450/s"),
        ("m7i.large:", "m7i:", "capacity.throughput.m7i", "must be an EC2 instance type"),
        ("asg: web", "asg: 1", "target.asg", "must be a text, not 1"),
        ("{asg: web}", "web", "target", "must be a group of keys with values, not 'web'"),
        ("RequestCount", '""', "load.cloudwatch.metric", "is empty"),
        ("min: 2", "min: .inf", "limits.min", "'.inf' is not a number to plan with"),
        ("min: 2", "min: " + "9" * 50, "limits.min", "too long a number"),
    ],
)
def test_row_40_a_mistyped_value_is_told_in_plain_words(
    refusal: Refusal, web: str, *, right: str, wrong: str, key: str, words: str
) -> None:
    """Line, key, what would be right and what stands there; nothing of the library that found it."""
    error = refusal(web.replace(right, wrong, 1))
    assert error.key == f"workloads.web.{key}"
    assert error.line == web[: web.index(right)].count("\n") + 1
    assert words in error.what
    for jargon in ("pydantic", "http", "Input", "validat", "Literal", "dict"):
        assert jargon not in f"{error.what} {error.why} {error.next_step}"


@pytest.mark.parametrize("switch", ["version: true", "version: 1.0", "version: 2", 'version: "1"'])
def test_row_40_only_version_1_is_version_1(refusal: Refusal, web: str, switch: str) -> None:
    """What merely equals 1 in some language is not the version."""
    assert refusal(web.replace("version: 1", switch)).key == "version"


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [id]", "!!python/name:os.system x", "!!str x", "!secret x", "! x"]
)
def test_row_40_a_tag_is_refused_at_its_line(refusal: Refusal, web: str, tag: str) -> None:
    """Nothing in a configuration chooses a type, least of all one that runs code."""
    error = refusal(web + f"    tags: {{team: {tag}}}\n")
    assert (error.line, error.key) == (13, "workloads.web.tags.team")
    assert "tag '" in error.what


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ('"${path.root}"', "'${path.root}'"),
        ('"%{ for x in y }"', "'%{ for x in y }'"),
        ("'say \"hi\"'", "'say \"hi\"'"),
        ("it''s", "\"it''s\""),
        ('"two\\nlines"', "'two\\nlines'"),
        ('"web\\u202Egpj"', "'web\\u202egpj'"),
        ('"\\e[31mred"', "'\\x1b[31mred'"),
        ("[red]", None),
        ("wéb", "'w\\xe9b'"),
        ("../web", "'../web'"),
        ("-web", "'-web'"),
        ('""', "''"),
        ("w" * 64, "'" + "w" * 64 + "'"),
    ],
)
def test_row_41_a_name_beyond_the_allow_list_is_refused_and_shown_escaped(
    refusal: Refusal, web: str, name: str, printed: str | None
) -> None:
    """A name that Terraform, a terminal or a page would interpret never gets in, nor raw into the message."""
    error = refusal(web.replace("web:", f"{name}:", 1))
    assert error.line == 5
    assert printed is None or printed in error.what
    assert error.what.isascii()


def test_row_41_raw_invisible_characters_are_refused(refusal: Refusal, web: str) -> None:
    """Text that reads in another order than it is written is found anywhere in the file, comments included."""
    assert refusal(web + "# \u202e gnihton\n").line == 13
    assert refusal(web.replace("RequestCount", "Request\x00Count")).line == 8
    assert refusal(web.encode() + b"# \xc2\x9b31m\n").line == 13


def test_several_mistakes_are_told_at_once_by_line(refusal: Refusal, web: str) -> None:
    """The first by line is raised and carries the others; a misspelt key is not said to be missing as well."""
    text = web.replace("450/s", "fast").replace("zero", "none").replace("min: 2", "mni: 2")
    error = refusal(text)
    assert isinstance(error, InvalidConfiguration)
    assert [problem.line for problem in (error, *error.more)] == [9, 11, 12]
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert [str(problem) for problem in again.more] == [str(problem) for problem in error.more]


@pytest.mark.parametrize(
    ("capacity", "what"),
    [
        ("{}", "give exactly one of throughput, utilisation, queue, llm, fit"),
        (
            "{throughput: {m7i.large: 1/s}, weights: {c7i.large: 1}}",
            "weights name every instance type of throughput, and no other: all or none",
        ),
        ("{throughput: {}}", "names nothing, and has to name at least one"),
    ],
)
def test_a_group_that_does_not_fit_together_is_told_as_a_group(
    refusal: Refusal, web: str, capacity: str, what: str
) -> None:
    """Checks over several keys name them, at the group they stand in."""
    error = refusal(
        web.replace("capacity:", f"capacity: {capacity}").replace(
            "      throughput: {m7i.large: 450/s, c7i.large: 520/s}\n", ""
        )
    )
    assert (error.line, error.what) == (10, what)


def test_a_missing_key_is_told_at_the_key_that_lacks_it(refusal: Refusal, web: str) -> None:
    """There is no line to show for what is not there, so it is that of its group."""
    error = refusal(web.replace("min: 2, ", ""))
    assert (error.line, error.key, error.what) == (12, "workloads.web.limits.min", "is missing")
    assert "Never plan below" in error.why


def test_a_union_is_told_by_the_kind_that_was_meant(refusal: Refusal, web: str) -> None:
    """A half-given live state lacks sizes; it is not scolded for not being 'aws'."""
    error = refusal(web + "    live: {min_size: 1, max_size: 2}\n")
    assert (error.key, error.what) == ("workloads.web.live.desired_size", "is missing")
    assert "'aws'" in refusal(web + "    live: azure\n").what
    assert "between" in refusal(web + "    live: {min_size: 1, max_size: 2, desired_size: 3}\n").what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("web", "not a configuration"),
        ("- web\n", "not a configuration"),
        ("a: b: c\n", "not YAML"),
        ("a:\n\t- b\n", "not YAML"),
        ("a: [1, 2\n", "not YAML"),
        ('a: "\\U99999999"\n', "not YAML"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("%YAML 1.1\n---\na: 1\n", "directive"),
        ("<<: {version: 1}\n", "merge key"),
        ("? [a, b]\n: c\n", "not a text"),
        (b"a: \xff\n", "not UTF-8"),
        ("version: 1\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_configuration_at_all_is_refused(refusal: Refusal, text: str | bytes, words: str) -> None:
    """Each with its own words and a line."""
    error = refusal(text)
    assert words in error.what
    assert error.line is not None


def test_a_day_is_a_day(refusal: Refusal, web: str) -> None:
    """Neither a number nor a day that no calendar has passes for the day of the prices."""
    for day in ("20260131", "2026-02-30", "2026-1-1", "tomorrow"):
        error = refusal(web + f"    prices: {{as_of: {day}, usd_per_hour: {{}}}}\n")
        assert error.key == "workloads.web.prices.as_of"


def test_a_misspelt_time_zone_gets_the_nearest_name(refusal: Refusal, web: str) -> None:
    """Seasons on the wrong wall time would be worse than an error."""
    assert "America/New_York" in refusal(web + "    timezone: America/NewYork\n").what


def test_keys_are_texts_whatever_they_look_like(tmp_path: Path, web: str) -> None:
    """A workload may be called no, 2026 or null, and is called just that."""
    for name in ("no", "2026", "null", "true", "1.50"):
        (tmp_path / "scaler.yaml").write_text(web.replace("web:", f"{name}:", 1))
        assert [workload.name for workload in load_config(tmp_path / "scaler.yaml").workloads()] == [name]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, web: str) -> None:
    """Editors on Windows write one, and end lines their way."""
    (tmp_path / "scaler.yaml").write_bytes(b"\xef\xbb\xbf" + web.replace("\n", "\r\n").encode())
    assert len(load_config(tmp_path / "scaler.yaml").workloads()) == 1


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, web: str) -> None:
    """Missing, a directory, unreadable, or no path at all: 78, and what to do."""
    locked = tmp_path / "locked.yaml"
    locked.write_text(web)
    locked.chmod(0)
    paths = [tmp_path / "none.yaml", tmp_path, tmp_path / "a\0b", tmp_path / ("x" * 300)]
    if os.geteuid() != 0:  # root reads everything
        paths.append(locked)
    for path in paths:
        with pytest.raises(ConfigurationError) as caught:
            load_config(path)
        assert caught.value.exit_code == 78
        assert "--config" in caught.value.next_step
