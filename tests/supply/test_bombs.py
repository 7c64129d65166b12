"""Row 47 of what goes wrong: data that swells, and entries that name a path, are refused within a bound of memory.

Each is read in a process of its own, whose largest resident size the kernel counts.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import textwrap
import zipfile
import zlib
from pathlib import Path

import pytest

from scaler.history.partition import Partition
from scaler.pipeline.rolling_state import decode_state
from scaler.record.swollen import GZIP, ZLIB, inflated
from tests.supply import bombs

ROOT = Path(__file__).parents[2]
#: What a process may take beside the bound of what it reads: Python, pandas, pyarrow and a copy.
BESIDE_MIB = 500

#: Ends a program with what the kernel has counted. Not what getrusage says: that outlives exec.
MEASURED = """
import re, sys
def peak_mib():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) // 1024
"""


def _peak(program: str, *arguments: object) -> tuple[str, int]:
    """Output of a program, and the most memory it has had, in MiB."""
    text = MEASURED + textwrap.dedent(program) + "\nprint('peak', peak_mib())\n"
    done = subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said, _, peak = done.stdout.rpartition("peak ")
    return said, int(peak)


COMMAND = """
    from scaler.cli.main import main
    print("code", main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_source_that_swells_is_refused_by_the_command(tmp_path: Path):
    """A gzip of 4 GiB in 4 MB as history: exit code 1 or 3, nothing planned, and no more memory than the bound."""
    (tmp_path / "load.csv.gz").write_bytes(bombs.zeros(31, mib=4096))
    config = tmp_path / "scaler.yaml"
    config.write_text(
        "version: 1\nworkloads:\n  web:\n    target: {asg: web}\n"
        "    load: {file: {path: load.csv.gz, statistic: Sum, period: 15m}}\n"
        "    capacity: {throughput: {m7i.large: 100/s}}\n    limits: {min: 2, max: 30}\n"
        "outputs: {tfvars: scaler.auto.tfvars.json}\n"
    )
    said, peak = _peak(COMMAND, "plan", "-c", config, "--offline", "--quiet")
    assert said.strip().endswith(("code 1", "code 3"))
    assert peak < 512 + BESIDE_MIB
    assert not (tmp_path / "scaler.auto.tfvars.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["load.csv.gz", "load.csv", "load.parquet", "texts.parquet"])
def test_what_forecast_is_given_may_not_swell(tmp_path: Path, name: str):
    """``scaler forecast --input`` with gzip, whatever its name, or Parquet of many rows or long texts: exit code 1."""
    if name == "texts.parquet":
        bombs.long_texts(tmp_path / name, rows=20_000)
    elif name == "load.parquet":
        bombs.parquet(tmp_path / name, ("unique_id", "ds", "y"), millions=25)
    else:
        (tmp_path / name).write_bytes(bombs.zeros(31, mib=4096))
    said, peak = _peak(COMMAND, "forecast", "--input", tmp_path / name)
    assert said.strip().endswith("code 1")
    assert peak < 512 + BESIDE_MIB


@pytest.mark.parametrize("ending", ["zip", "tar", "bz2", "xz", "zst"])
def test_what_forecast_is_given_is_no_archive(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]):
    """No kind of archive is opened for what its name ends in: an archive is not text, and is refused."""
    from scaler.cli.main import main

    path = tmp_path / f"load.csv.{ending}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../load.csv", "unique_id,ds,y\nweb,2026-01-01T00:00:00Z,1\n")
    assert main(["forecast", "--input", str(path)]) in (1, 78)
    assert "load.csv" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.slow
def test_inputs_of_records_may_not_swell(tmp_path: Path):
    """Inputs and documents of a record, with zlib's and gzip's header: damaged, at no more memory than the bound."""
    for wbits in (ZLIB, GZIP):
        (tmp_path / str(wbits)).write_bytes(bombs.zeros(wbits, mib=4096))
    said, peak = _peak(
        """
        import zlib
        from pathlib import Path
        from scaler.record.swollen import inflated
        for wbits in (15, 31):
            try:
                inflated((Path(sys.argv[1]) / str(wbits)).read_bytes(), wbits)
            except zlib.error as error:
                print(error)
        """,
        tmp_path,
    )
    assert said.count("holds more than") == 2
    assert peak < 2 * 512 + BESIDE_MIB  # zlib makes its result larger by copying it


def test_a_record_whose_documents_swell_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A plan and an input that hold more than they may end as a failure that names the file, with exit code 1."""
    from scaler.history.folder_store import FolderStore
    from scaler.record.codec import squeezed
    from scaler.record.interface import RecordFailed
    from scaler.record.packs import PackReader, digest_of

    monkeypatch.setattr("scaler.record.packs.inflated", lambda data, wbits: inflated(data, wbits, largest=1000))
    content = bytes(2000)
    store = FolderStore(tmp_path)
    store.write("records/packs/one", zlib.compress(content), expected=None)
    reader = PackReader(store, {digest_of(content): ("one", 0, 10_000)})
    with pytest.raises(RecordFailed, match="missing or damaged") as failed:
        reader.get(digest_of(content))
    assert failed.value.exit_code == 1
    assert inflated(squeezed(content), GZIP, largest=2000) == content


@pytest.mark.parametrize("wbits", [ZLIB, GZIP])
def test_a_stream_is_taken_whole_or_not_at_all(wbits: int):
    """At its bound it is read; above it, cut short, or with more behind its end it is damaged."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    data = packer.compress(bytes(1000)) + packer.flush()
    assert inflated(data, wbits, largest=1000) == bytes(1000)
    for wrong, largest in ((data, 999), (data[:-1], 1000), (data + b"x", 1000), (b"", 1000)):
        with pytest.raises(zlib.error):
            inflated(wrong, wbits, largest=largest)


@pytest.mark.slow
@pytest.mark.parametrize("compressed", [True, False], ids=["packed", "promised"])
def test_the_state_of_rolling_mode_may_not_swell(tmp_path: Path, compressed: bool):
    """4 GiB packed into the state, or promised by the header of an array: it is none, and a full plan begins anew."""
    (tmp_path / "state.npz").write_bytes(bombs.npz(mib=4096, compressed=compressed))
    said, peak = _peak(
        """
        from pathlib import Path
        from scaler.pipeline.rolling_state import decode_state
        print(decode_state(Path(sys.argv[1]).read_bytes()))
        """,
        tmp_path / "state.npz",
    )
    assert said.strip() == "None"
    assert peak < BESIDE_MIB


@pytest.mark.parametrize("name", ["../head.npy", "/head.npy", "head.npy"])
def test_an_entry_of_the_state_is_never_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    """An entry that names a folder makes the whole no state, and nothing is written anywhere."""
    monkeypatch.chdir(tmp_path)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, b"anything")
    assert decode_state(target.getvalue()) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_partition_of_the_archive_may_not_swell(tmp_path: Path):
    """A month of 100 million rows that its manifest does not list, and one that it does: damaged before it is read."""
    path = tmp_path / "2026-01.parquet"
    bombs.parquet(path, ("times", "values"), millions=100)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.stat().st_size < 10 * bombs.MIB
    said, peak = _peak(
        """
        from pathlib import Path
        from scaler.history.partition import Partition, decode
        for rows in (10, 100_000_000):
            part = Partition("2026-01", "2026-01.parquet", sys.argv[2], rows, 0)
            try:
                decode(part, Path(sys.argv[1]).read_bytes())
            except ValueError as error:
                print(error)
        """,
        path,
        digest,
    )
    assert "100000000 rows, 10 listed" in said
    assert peak < BESIDE_MIB
    assert said.count("\n") == 2, said


def test_a_partition_of_a_month_may_have_a_point_a_second():
    """The bound is what a month can hold, whatever its length."""
    assert Partition("2026-01", "f", "", 1, 0).span[1] - Partition("2026-01", "f", "", 1, 0).span[0] == 31 * 86_400


@pytest.mark.slow
def test_an_answer_of_prometheus_may_not_swell():
    """A server that answers with 4 GiB in 4 MB of gzip is refused, at no more memory than an answer may have."""
    from tests.standins.http import Answer, StandIn

    class Swelling(StandIn):
        """Says yes to everything, without end."""

        body = bombs.zeros(31, mib=4096)

        def respond(self, headers, body):
            """Gzip that never ends."""
            return Answer(self.body, "application/json", headers={"Content-Encoding": "gzip"})

    with Swelling() as server:
        said, peak = _peak(
            """
            from datetime import UTC, datetime
            from scaler.errors import ScalerError
            from scaler.sources import prometheus_server
            import urllib3
            answer = urllib3.PoolManager().request("GET", sys.argv[1], **prometheus_server._REQUEST)
            try:
                prometheus_server._bounded(answer, "web")
            except ScalerError as error:
                print(type(error).__name__, prometheus_server.MAX_ANSWER_BYTES // 2**20)
            """,
            server.url,
        )
    name, bound = said.split()
    assert name == "SeriesRefused"
    assert peak < 2 * int(bound) + BESIDE_MIB


def test_scaler_extracts_no_archive():
    """Nothing in scaler unpacks an archive to a folder, or reads one by what its name ends in."""
    for path in (ROOT / "scaler").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in (
            ".extractall(",
            ".extract(",
            "unpack_archive",
            "import tarfile",
            "zlib.decompress(",
            "gzip.decompress(",
        ):
            assert word not in text, f"{path}: {word}"
    assert json.dumps(sorted(p.name for p in (ROOT / "scaler").rglob("*.py") if "import zipfile" in p.read_text())) == (
        '["rolling_state.py"]'
    )
