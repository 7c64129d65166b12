"""Folders and buckets keep the same promises."""

from __future__ import annotations

import threading

import pytest

from scaler.aws.interface import AwsFailed
from scaler.aws.session import BotocoreClients
from scaler.history.s3_store import S3Store
from scaler.history.store import ABSENT, Store, StoreChanged
from tests.history.buckets import s3_store
from tests.standins.s3 import S3StandIn


def test_what_was_written_is_read(store: Store) -> None:
    """Whole, under its version, and gone after it was deleted; deleting twice is no error."""
    assert store.read("a/b") is None
    version = store.write("a/b", b"one")
    found = store.read("a/b")
    assert found is not None
    assert (found.data, found.version) == (b"one", version)
    assert store.write("a/b", b"three") != version
    assert store.bytes_written == 8
    store.delete("a/b")
    store.delete("a/b")
    assert store.read("a/b") is None


def test_a_condition_holds_or_nothing_is_written(store: Store) -> None:
    """Only if absent, and only if unchanged: the loser is told, and the winner's bytes stand."""
    first = store.write("lock", b"mine", expected=ABSENT)
    with pytest.raises(StoreChanged):
        store.write("lock", b"theirs", expected=ABSENT)
    second = store.write("lock", b"renewed", expected=first)
    with pytest.raises(StoreChanged):
        store.write("lock", b"late", expected=first)
    with pytest.raises(StoreChanged):
        store.write("nothing here", b"late", expected=second)
    found = store.read("lock")
    assert found is not None
    assert (found.data, found.version) == (b"renewed", second)
    assert store.read("nothing here") is None


def test_of_many_writers_one_wins(store: Store) -> None:
    """A condition is checked and met in one step, however many ask at once."""
    won: list[int] = []
    begin = threading.Barrier(6)

    def write(number: int) -> None:
        begin.wait()
        try:
            store.write("lock", f"{number}".encode(), expected=ABSENT)
        except StoreChanged:
            return
        won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.read("lock")
    assert found is not None
    assert [f"{number}".encode() for number in won] == [found.data]


def test_a_listing_has_the_folder_and_no_other(store: Store) -> None:
    """Sorted keys with their age; a folder whose name only begins alike is another."""
    for key in ("a/2", "a/1", "ab/3", "b"):
        store.write(key, b"x")
    listed = store.list("a")
    assert [item.key for item in listed] == ["a/1", "a/2"]
    assert all(item.modified > 0 for item in listed)


def test_a_long_listing_is_complete(bucket: S3StandIn) -> None:
    """All pages of it."""
    bucket.page_size = 2
    store = s3_store(bucket.url)
    for number in range(5):
        store.write(f"a/{number}", b"x")
    assert [item.key for item in store.list("a")] == [f"a/{number}" for number in range(5)]


def test_what_is_set_aside_is_kept(store: Store) -> None:
    """A file, the next one of that name, and a whole folder: out of the way, and still there for a person."""
    for text in (b"first", b"second"):
        store.write("a/x.parquet", text)
        store.set_aside("a/x.parquet")
    store.set_aside("a/never there")
    kept = store.list("a")
    assert [item.key for item in kept] == ["a/x.parquet.2.corrupt", "a/x.parquet.corrupt"]
    store.set_aside("a")
    assert store.list("a") == ()
    found = store.read("a.corrupt/x.parquet.2.corrupt")
    assert found is not None
    assert found.data == b"second"


def test_a_lost_answer_is_not_taken_for_a_lost_race(bucket: S3StandIn) -> None:
    """The write happened, its answer did not arrive, botocore asks again and is refused: it was ours all the same."""
    dropped: list[int] = []

    def once(number: int) -> bool:
        dropped.append(number)
        return len(dropped) == 1

    bucket.after = once
    version = s3_store(bucket.url, attempts=3).write("lock", b"mine", expected=ABSENT)
    assert bucket.objects == {"some/prefix/lock": b"mine"}
    assert [method for method, _ in bucket.requests] == ["PUT", "PUT", "GET"]
    assert version


@pytest.mark.emulator
def test_a_bucket_that_is_not_there_is_an_error_and_not_an_empty_store(fresh_aws: str) -> None:
    """Exit code 1 with the bucket's name; never "nothing archived"."""
    with pytest.raises(AwsFailed, match="s3://missing/some/prefix/a") as caught:
        s3_store(fresh_aws, "missing").read("a")
    assert "NoSuchBucket" in caught.value.why


def test_the_endpoint_of_the_environment_is_used(bucket: S3StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL_S3 wins over AWS_ENDPOINT_URL, and a server without host names per bucket is reached."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url.replace("127.0.0.1", "localhost"))
    store = S3Store(BotocoreClients(), "bucket", "", "eu-west-1")
    store.write("a", b"x")
    assert bucket.objects == {"a": b"x"}
