"""An emulated AWS on a loopback port: real HTTP, real clients, no account."""

from __future__ import annotations

import logging
import os
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType

from scaler.demo.fidelity import faithful
from scaler.errors import Failed

_LOG = logging.getLogger(__name__)

# moto keeps its state in the process, so a second emulator would share, and on its exit wipe, the first.
_ONE_PER_PROCESS = threading.Lock()


class EmulatorUnavailable(Failed):
    """The emulator cannot be started."""


class Emulator:
    """Runs the emulator in a thread for the length of a ``with`` block; its state starts empty.

    ::

        with Emulator() as aws:
            boto3.client("autoscaling", endpoint_url=aws.endpoint_url, ...)
            subprocess.run([...], env=aws.environment)

    Attributes:
        region: the region that :attr:`environment` selects.

    Raises:
        EmulatorUnavailable: moto is not installed, or an emulator already runs in this process.
    """

    def __init__(self, region: str = "us-east-1") -> None:
        self.region = region
        self._endpoint_url: str | None = None
        self._exit = ExitStack()

    def __enter__(self) -> Emulator:
        if not _ONE_PER_PROCESS.acquire(blocking=False):
            raise EmulatorUnavailable(
                "the AWS emulator was not started",
                why="one is already running in this process",
                next_step="leave the first one's `with` block before entering another",
            )
        with ExitStack() as stack:
            stack.callback(_ONE_PER_PROCESS.release)
            try:
                self._endpoint_url = stack.enter_context(_serving())
            except ImportError as missing:
                raise EmulatorUnavailable(
                    "the AWS emulator was not started",
                    why=f"a package that it needs is not installed: {missing.name}",
                    next_step="pip install 'scaler[demo]'",
                ) from missing
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._endpoint_url = None
        self._exit.close()

    @property
    def endpoint_url(self) -> str:
        """``http://127.0.0.1:PORT``.

        Raises:
            RuntimeError: outside the ``with`` block.
        """
        if self._endpoint_url is None:
            raise RuntimeError("the emulator is not running")
        return self._endpoint_url

    @property
    def settings(self) -> dict[str, str]:
        """The variables that point AWS clients and Terraform's provider at the emulator, and only there."""
        return {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # A proxy would be asked for the loopback address and know nothing of it.
            "NO_PROXY": _with_loopback(os.environ.get("NO_PROXY", "")),
            "no_proxy": _with_loopback(os.environ.get("no_proxy", "")),
        }

    @property
    def environment(self) -> dict[str, str]:
        """A complete environment for a child process: this one's, without any other AWS variable.

        A profile or session token of the user's would otherwise win over the emulator's credentials.
        """
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return inherited | self.settings


def _with_loopback(no_proxy: str) -> str:
    return ",".join(filter(None, [no_proxy, "127.0.0.1"]))


@contextmanager
def _serving() -> Iterator[str]:
    """Serve until the block ends; yields the endpoint."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class QuietHandler(MotoRequestHandler):  # type: ignore[misc]
        """Sends the line per request to the debug log, not to stderr."""

        def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
            _to_debug_log(type, message, *args)

    with faithful():
        application = DomainDispatcherApplication(create_backend_app)
        server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler)
        server.log = _to_debug_log
        endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="aws-emulator", daemon=True
        )
        thread.start()
        try:
            _forget_everything(endpoint)
            yield endpoint
            _forget_everything(endpoint)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _to_debug_log(kind: str, message: str, *args: object) -> None:
    _LOG.debug("%s: %s", kind, message % args if args else message)


def _forget_everything(endpoint: str) -> None:
    request = urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")  # noqa: S310 - always http
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        answer.read()
