"""What every test gets: an environment without a trace of the machine's own AWS settings, and shared servers."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).parents[1]

# A shell starts what runs in its background with Ctrl-C ignored, and programs hand that on to theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests share their cores with others: how long an example takes says nothing.
settings.register_profile("shared cores", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared cores")


@pytest.fixture(autouse=True)
def _no_ambient_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the credentials, profile or region of whoever runs it, or asks the instance metadata service."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))


@pytest.fixture(scope="session")
def aws_emulator() -> Iterator[str]:
    """Endpoint URL of an AWS emulator over real HTTP, one per test process; points nothing at it by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the emulator's own imports, not ours
        from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def fresh_aws(aws_emulator: str) -> str:
    """The same emulator with nothing in it."""
    with urlopen(Request(f"{aws_emulator}/moto-api/reset", method="POST"), timeout=30) as answer:  # noqa: S310
        answer.read()
    return aws_emulator


@pytest.fixture(scope="session")
def traces() -> Path:
    """Folder of the real traces, which are not part of the project."""
    folder = Path(os.environ.get("SCALER_TRACES") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        reason = f"no traces in {folder}; SCALER_TRACES names their folder"
        if os.environ.get("SCALER_REQUIRE_TRACES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
