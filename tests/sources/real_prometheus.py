"""A real Prometheus server on a free loopback port, filled before it starts."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

import pytest

USER = "scaler"
PASSWORD = "correct-horse-battery"
# bcrypt of the password; made once, as it takes a library that nothing else needs.
PASSWORD_BCRYPT = "$2b$04$abcdefghijklmnopqrstuupOWRSKKNe562z1DsLEArFuJDHVyRIMa"
PERIOD = 300
#: Samples in each series: three days and a bit at five minutes.
COUNT = 900

Series = Mapping[str, Sequence[tuple[float, float]]]
"""Moments (seconds since the epoch) and values by series, as ``name{label="x"}``."""


def require_prometheus() -> None:
    """Skip, or fail where it is required, if the programs are not installed."""
    missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} not on PATH; on Debian: apt-get install prometheus"
        if os.environ.get("SCALER_REQUIRE_PROMETHEUS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


@cache
def first_bucket() -> int:
    """Start of the first bucket with a sample, in seconds; the samples end an hour or so before now."""
    now = datetime.now(UTC) - timedelta(hours=1)
    return int(now.timestamp()) // 3600 * 3600 - COUNT * PERIOD


def depth(index: int) -> float:
    """Value of ``queue_depth`` in a bucket."""
    return 10.0 + index % 97


def sample_series() -> Series:
    """What the servers hold: a level sampled in the middle of each bucket, and two counters on its edges."""
    edges = [first_bucket() + PERIOD * index for index in range(COUNT)]
    return {
        'queue_depth{queue="orders"}': [(edge + 150, depth(index)) for index, edge in enumerate(edges)],
        'requests_total{code="200"}': [(edge, 300.0 * index) for index, edge in enumerate(edges)],
        'requests_total{code="500"}': [(edge, 3.0 * index) for index, edge in enumerate(edges)],
        "on_the_edge": [(edge, float(index)) for index, edge in enumerate(edges)],
    }


class Prometheus:
    """Serves while its ``with`` block is open.

    Args:
        folder: for its data, configuration and log.
        series: what it holds from the beginning; may be empty.
        guarded: whether it speaks TLS and asks for :data:`USER` and :data:`PASSWORD`.
        settings: its configuration, such as what it scrapes.
    """

    def __init__(self, folder: Path, series: Series, *, guarded: bool = False, settings: str = "global: {}\n") -> None:
        self._settings = settings
        self.folder = folder
        self.ca_file = folder / "authority.pem"
        self._guarded = guarded
        self._series = series
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self._guarded else 'http'}://127.0.0.1:{self._port}"

    def __enter__(self) -> Prometheus:
        if self._series:
            _fill(self.folder, self._series)
        (self.folder / "prometheus.yml").write_text(self._settings)
        web = "{}\n"
        if self._guarded:
            _write_certificates(self.folder)
            web = (
                "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
                f"basic_auth_users: {{{USER}: '{PASSWORD_BCRYPT}'}}\n"
            )
        (self.folder / "web.yml").write_text(web)
        for _ in range(3):  # the free port may be somebody else's by the time it is used
            if self._start():
                return self
        raise AssertionError(f"Prometheus did not start:\n{(self.folder / 'log').read_text()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def _start(self) -> bool:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("prometheus", f"--config.file={self.folder}/prometheus.yml"),
                    *(f"--web.config.file={self.folder}/web.yml", f"--web.listen-address=127.0.0.1:{self._port}"),
                    *(f"--storage.tsdb.path={self.folder}/data", "--storage.tsdb.retention.time=10y"),
                    "--log.level=warn",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._ready():
                return True
            time.sleep(0.05)
        self._process.kill()
        self._process.wait()
        return False

    def _ready(self) -> bool:
        context = ssl.create_default_context(cafile=self.ca_file) if self._guarded else None
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
        try:
            with opener.open(f"{self.url}/-/ready", timeout=5):
                return True
        except URLError as error:
            return getattr(error, "code", 0) == 401  # it asks for the password, so it is there


def _fill(folder: Path, series: Series) -> None:
    lines: list[str] = []
    for name in dict.fromkeys(key.partition("{")[0] for key in series):
        family = name.removesuffix("_total")
        lines.append(f"# TYPE {family} {'counter' if family != name else 'gauge'}")
        lines += [
            f"{key} {value!r} {moment:.3f}"
            for key, samples in series.items()
            if key.partition("{")[0] == name
            for moment, value in samples
        ]
    source = folder / "series.om"
    source.write_text("\n".join([*lines, "# EOF", ""]))
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(source), str(folder / "data")],
        check=True,
        capture_output=True,
        timeout=120,
    )


def _write_certificates(folder: Path) -> None:
    """An authority, and a certificate of it for 127.0.0.1."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def certificate(name: str, key, issuer, signer, *extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(signer, hashes.SHA256())

    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    signs = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = certificate(
        *("authority", authority_key, "authority", authority_key),
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (signs, True),
        (identifier, False),
    )
    server = certificate(
        *("server", server_key, "authority", authority_key),
        (x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    )
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "server.pem").write_bytes(server.public_bytes(pem))
    (folder / "server.key").write_bytes(
        server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
