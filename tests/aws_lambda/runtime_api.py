"""Lambda's Runtime API on loopback, as the runtime interface client speaks it, and that client as a process."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.standins.http import PATH, Answer, StandIn

REPOSITORY = Path(__file__).parents[2]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:scaler"
_DONE = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")


@dataclass
class Invocation:
    """One event on its way, and what came of it.

    Attributes:
        limit_seconds: until the deadline that the header tells, from when the event is handed out.
        outcome: ``response`` or ``error``.
    """

    event: Any
    limit_seconds: float
    request_id: str = field(default_factory=lambda: str(uuid4()))
    outcome: str | None = None
    document: Any = None
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def failed(self) -> dict[str, Any]:
        """The summary in the error that the handler raised."""
        assert self.outcome == "error", self.document
        assert self.document["errorType"] == "RunFailed", self.document
        return json.loads(self.document["errorMessage"])

    @property
    def summary(self) -> dict[str, Any]:
        """What the handler returned."""
        assert self.outcome == "response", self.document
        return self.document


class RuntimeApi(StandIn):
    """Hands out invocations one by one: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: queue.Queue[Invocation | None] = queue.Queue()
        self.init_errors: list[Any] = []
        self._given: dict[str, Invocation] = {}

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request of the client."""
        path = headers[PATH]
        if path == "/2018-06-01/runtime/invocation/next":
            invocation = self.waiting.get()
            if invocation is None:
                return Answer(b"{}", "application/json", 410)
            self._given[invocation.request_id] = invocation
            return Answer(
                json.dumps(invocation.event).encode(),
                "application/json",
                headers={
                    "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.limit_seconds) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": ARN,
                    "Lambda-Runtime-Trace-Id": "Root=1-5e1b4151-5ac6c58f3375aa3c7c6b73c9;Sampled=0",
                },
            )
        if path == "/2018-06-01/runtime/init/error":
            self.init_errors.append(json.loads(body))
            return Answer(b"{}", "application/json", 202)
        done = _DONE.fullmatch(path)
        assert done is not None, path
        invocation = self._given[done[1]]
        invocation.outcome, invocation.document = done[2], json.loads(body)
        invocation.over.set()
        return Answer(b"{}", "application/json", 202)


class Function:
    """One execution environment: the client as a process, with its Runtime API. A context manager.

    Args:
        environment: complete; ``AWS_LAMBDA_*`` are added.
        handler: by name.
        python: how the interpreter is called.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        handler: str = "scaler.aws_lambda.handler",
        cwd: Path,
        python: tuple[str, ...] = (sys.executable,),
    ) -> None:
        self.api = RuntimeApi()
        self._environment = {
            **environment,
            "AWS_LAMBDA_RUNTIME_API": self.api.url.removeprefix("http://"),
            "AWS_LAMBDA_FUNCTION_NAME": "scaler",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "LAMBDA_TASK_ROOT": str(cwd),
        }
        self._command, self._cwd = [*python, "-m", "awslambdaric", handler], cwd
        self._process: subprocess.Popen[bytes] | None = None
        self._log = b""

    def __enter__(self) -> Function:
        self.api.__enter__()
        self._process = subprocess.Popen(
            self._command, cwd=self._cwd, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.api.waiting.put(None)
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self.api.__exit__()

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._log += line

    def send(self, event: Any, *, limit_seconds: float = 300.0, request_id: str | None = None) -> Invocation:
        """An event, handed out as soon as the function asks."""
        invocation = Invocation(event, limit_seconds)
        if request_id is not None:
            invocation.request_id = request_id
        self.api.waiting.put(invocation)
        return invocation

    def invoke(self, event: Any, **given: Any) -> Invocation:
        """An event, and what came of it."""
        invocation = self.send(event, **given)
        while not invocation.over.wait(0.05):
            assert self._process is not None
            assert self._process.poll() is None, self.log
        return invocation

    def killed(self, event: Any, **given: Any) -> None:
        """An event by which the process is killed."""
        invocation = self.send(event, **given)
        assert self._process is not None
        while self._process.poll() is None:
            assert not invocation.over.wait(0.05), self.log
        assert self._process.returncode == -signal.SIGKILL, self.log
        self._reader.join()

    @property
    def log(self) -> str:
        """All that the process printed so far."""
        return self._log.decode(errors="replace")

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of the log that are JSON, but for figures."""
        found = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in found if "_aws" not in line]

    @property
    def figures(self) -> list[dict[str, Any]]:
        """The lines in the embedded metric format."""
        found = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in found if "_aws" in line]


def clean_environment(aws: Mapping[str, str]) -> dict[str, str]:
    """What a function has: the emulator, a path, no home."""
    return {
        **aws,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONWARNINGS": "default",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }
