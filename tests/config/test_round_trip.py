from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from scaler.config import Config, Project, load_config
from scaler.errors import ConfigurationError
from tests.config.conftest import WEB
from tests.config.strategies import CONFIGURATIONS


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the generated configurations are written, one over the other."""
    return tmp_path_factory.mktemp("config") / "scaler.yaml"


def _as_yaml(value: Any) -> str:
    stream = io.StringIO()
    YAML().dump(value, stream)
    return stream.getvalue()


@settings(deadline=None)
@given(given_as=CONFIGURATIONS)
def test_a_configuration_written_as_yaml_reads_back_equal(path: Path, given_as: dict[str, Any]) -> None:
    """What a configuration means survives YAML: as written by hand, and as scaler would write it."""
    config = Config.model_validate(given_as)
    for text in (_as_yaml(given_as), _as_yaml(config.model_dump(mode="json", exclude_none=True))):
        path.write_text(text, encoding="utf-8")
        project = load_config(path)
        assert project.config == config
        assert project.digest == Project(config, Path("/elsewhere")).digest


@settings(deadline=None, max_examples=30)
@given(given_as=CONFIGURATIONS)
def test_json_is_yaml(path: Path, given_as: dict[str, Any]) -> None:
    """A configuration may be generated as JSON."""
    path.write_text(json.dumps(given_as, ensure_ascii=False), encoding="utf-8")
    assert load_config(path).config == Config.model_validate(given_as)


def _mutilated() -> st.SearchStrategy[bytes]:
    """The right configuration with a piece cut out and something else put in its place."""
    return st.builds(
        lambda start, length, piece: (WEB[:start] + piece + WEB[start + length :]).encode("utf-8", "surrogatepass"),
        st.integers(0, len(WEB)),
        st.integers(0, 30),
        st.text(max_size=12)
        | st.sampled_from(
            [
                "&a ",
                "*a",
                "!!python/name:os.system ",
                "<<: ",
                "{",
                "[[[[",
                "- ",
                "? ",
                "---\n",
                "\t",
                '"\\U99999999"',
                '"\\ud800"',
                "'",
                "|",
                "%YAML 1.1\n",
                ".nan",
                "1e999",
                "9" * 60,
                "0x" + "f" * 300,
            ]
        ),
    )


def _anything() -> st.SearchStrategy[bytes]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    keys = st.sampled_from(
        ["version", "workloads", "web", "load", "limits", "min", "live", "sizes", "[key]", "tags"]
    ) | st.text(max_size=5)
    values = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=15
    )
    return values.map(lambda value: json.dumps(value).encode())


@settings(deadline=None, max_examples=300)
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | _mutilated()
    | _anything()
)
def test_any_bytes_are_a_project_or_a_configuration_error(path: Path, content: bytes) -> None:
    """Nothing that a file can hold ends in another exception, or in a message that does not print."""
    path.write_bytes(content)
    try:
        project = load_config(path)
    except ConfigurationError as error:
        for problem in (error, *getattr(error, "more", ())):
            assert problem.exit_code == 78
            assert all(line.isprintable() for line in (problem.what, problem.why, problem.next_step, problem.key or ""))
    else:
        assert project.workloads()
