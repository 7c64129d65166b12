"""What every test gets: an environment without a trace of the machine's own AWS settings, and shared servers."""

from __future__ import annotations

import functools
import json
import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).parents[1]
#: What the emulator takes for the image of an instance, and of a launch template that names none.
MACHINE_IMAGE = {
    "ami_id": "ami-12c6146b", "name": "linux", "description": "Linux", "owner_id": "099720109477", "public": True,
    "virtualization_type": "hvm", "architecture": "x86_64", "state": "available", "platform": None,
    "image_type": "machine", "hypervisor": "xen", "root_device_name": "/dev/sda1", "root_device_type": "ebs",
    "sriov": "simple", "creation_date": "2026-01-01T00:00:00.000Z",
}  # fmt: skip

# A shell starts what runs in its background with Ctrl-C ignored, and programs hand that on to theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests share their cores with others: how long an example takes says nothing.
settings.register_profile("shared cores", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared cores")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a file that share a fixture go to one process, so that it is made once: with --dist loadgroup."""
    for item in items:
        found = getattr(item, "_fixtureinfo", None)
        scopes = {each[-1].scope for each in found.name2fixturedefs.values()} if found is not None else set()
        if "module" in scopes and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


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


@pytest.fixture(scope="session", autouse=True)
def _less_work_for_others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings of programs that tests start: what they are given to do stays the same, and takes them less time."""
    with pytest.MonkeyPatch.context() as patch:
        # One machine image in place of thousands, which the emulator reads again for each region after each reset.
        images = tmp_path_factory.mktemp("emulator") / "images.json"
        images.write_text(json.dumps([MACHINE_IMAGE]), encoding="utf-8")
        patch.setenv("MOTO_AMIS_PATH", str(images))
        # Terraform's provider spends a third of its time on collecting the garbage of its start.
        patch.setenv("GOGC", "400")
        yield


@pytest.fixture(scope="session", autouse=True)
def _descriptions_of_aws_read_once() -> Iterator[None]:
    """The JSON that botocore has about each service, a tenth of a second of reading for a client, is shared.

    Only the reading of files that never change: each session still makes its own clients from them.
    """
    from botocore.loaders import JSONFileLoader

    once = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: once(path))
        yield


@pytest.fixture(scope="session")
def aws_emulator() -> Iterator[str]:
    """Endpoint URL of an AWS emulator over real HTTP, one per test process; points nothing at it by itself."""
    with pytest.MonkeyPatch.context() as patch:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the emulator's own imports, not ours
            import moto.backends
            from moto.moto_server.werkzeug_app import MotoRequestHandler
            from moto.server import ThreadedMotoServer

        # It lists the folders of its package for each request, and opens a connection and a thread for each.
        patch.setattr(moto.backends, "list_of_moto_modules", functools.cache(_emulated_services))
        patch.setattr(MotoRequestHandler, "protocol_version", "HTTP/1.1")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


def _emulated_services() -> tuple[str, ...]:
    import moto

    folders = (path for path in Path(moto.__file__).parent.iterdir() if path.is_dir())
    return tuple(sorted(path.name for path in folders if not path.name.startswith("__")))


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
