"""``prometheus:`` and ``file:`` in the configuration: what is refused, with the key and without the secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scaler.config import InvalidConfiguration, load_config

SECRET = "hunter2-5b1c"


def load(folder: Path, source: dict[str, Any], **load_keys: Any) -> Any:
    """The load of the one workload of a configuration."""
    workload = {
        "target": {"asg": "web"},
        "load": source | load_keys,
        "capacity": {"throughput": {"m7i.large": "450/s"}},
        "limits": {"min": 1, "max": 9},
    }
    (folder / "scaler.yaml").write_text(json.dumps({"version": 1, "workloads": {"web": workload}}))
    return load_config(folder / "scaler.yaml").workloads()[0].load


def refusal(folder: Path, source: dict[str, Any]) -> InvalidConfiguration:
    """The mistake of a configuration, which repeats no secret."""
    with pytest.raises(InvalidConfiguration) as caught:
        load(folder, source)
    said = [caught.value, *caught.value.more]
    assert not any(SECRET in f"{each}{each.why}{each.next_step}" for each in said)
    return caught.value


def test_a_query_is_enough(tmp_path: Path) -> None:
    """The server may come from the environment, and the period is five minutes."""
    metric = load(tmp_path, {"prometheus": {"query": "sum(rate(x[5m]))"}}).metric
    assert (metric.url, metric.period_seconds, metric.statistic) == (None, 300, "Average")
    assert metric.describe() == "prometheus sum(rate(x[5m])) 5m"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://prometheus.example.com/", "https://prometheus.example.com"),
        ("http://10.0.0.1:9090/tenant/a", "http://10.0.0.1:9090/tenant/a"),
        ("http://[::1]:9090", "http://[::1]:9090"),
    ],
)
def test_addresses(tmp_path: Path, given: str, kept: str) -> None:
    """A slash at the end does not make another server."""
    assert load(tmp_path, {"prometheus": {"query": "up", "url": given}}).metric.url == kept


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"https://me:{SECRET}@prometheus.example.com", "user name or password"),
        (f"https://{SECRET}@prometheus.example.com", "user name or password"),
        (f"https://prometheus.example.com/?token={SECRET}", "leave out"),
        (f"https://prometheus.example.com/#{SECRET}", "leave out"),
        ("prometheus.example.com", "must be the address"),
        ("file:///etc/passwd", "must be the address"),
        ("http://", "must be the address"),
        ("http://x:99999", "must be the address"),
        ("http://a b", "must be the address"),
        ("http://x\u202e", "must be the address"),
    ],
)
def test_what_is_no_address(tmp_path: Path, url: str, said: str) -> None:
    """Credentials in an address are refused and not repeated."""
    if url.isprintable():
        assert said in refusal(tmp_path, {"prometheus": {"query": "up", "url": url}}).what
    else:  # refused by the reader of YAML, before any key is looked at
        from scaler.errors import ConfigurationError

        with pytest.raises(ConfigurationError):
            load(tmp_path, {"prometheus": {"query": "up", "url": url}})


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"username_env": "A"},
        {"password_env": "A"},
        {"bearer_token_env": "A", "username_env": "B", "password_env": "C"},
        {"bearer_token_env": "A", "password_env": "C"},
    ],
)
def test_one_kind_of_credentials(tmp_path: Path, auth: dict[str, str]) -> None:
    """A token, or a user name with a password."""
    error = refusal(tmp_path, {"prometheus": {"query": "up", "auth": auth}})
    assert error.key == "workloads.web.load.prometheus.auth"
    assert "give either" in error.what


def test_a_secret_is_no_key(tmp_path: Path) -> None:
    """There is no key to write a password into; the one for its variable is suggested."""
    error = refusal(tmp_path, {"prometheus": {"query": "up", "auth": {"bearer_token": SECRET}}})
    assert any("bearer_token_env" in each.next_step for each in (error, *error.more))


def test_one_source(tmp_path: Path) -> None:
    """Two sources for one load are refused."""
    error = refusal(tmp_path, {"prometheus": {"query": "up"}, "file": {"path": "a.csv"}})
    assert "exactly one of cloudwatch, prometheus, file" in error.what


def test_a_format_that_is_needed(tmp_path: Path) -> None:
    """The key is named where neither it nor the suffix tells."""
    error = refusal(tmp_path, {"file": {"path": "-"}})
    assert error.key == "workloads.web.load.file.format"
    assert "standard input has no suffix" in error.what
