"""The journal of an apply in S3: whole or not there, whatever request of the store is lost."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest

from scaler.apply.run import execute, prepare, run_name
from scaler.apply.targets import AwsTargets
from scaler.aws.session import BotocoreClients
from scaler.errors import ScalerError
from scaler.history.lock import KEY, Holder, StoreLocked, locked
from scaler.history.s3_store import S3Store
from tests.apply.builders import ACCOUNT, quarter
from tests.apply.memory import MemoryAws, MemoryStore
from tests.apply.test_mixed_fleet import FLEET, assert_complete, fleet, levels, plan_of, read
from tests.standins.s3 import S3StandIn

FEW = dict(list(FLEET.items())[:6])


def apply_with(store, plan, aws, moment, holder="a"):
    """One attempt as the command makes it: under the store's lock."""
    target = AwsTargets(aws)
    with locked(store, Holder(holder, "a test"), lambda: datetime.now(UTC)) as lease:
        execute(prepare(plan, target, store, moment, account=ACCOUNT), target, lease, lambda: moment)


@pytest.mark.parametrize("lost", ["before", "after"])
def test_every_request_of_the_store_lost_in_turn(lost) -> None:
    """Row 33 for apply: whatever request of S3 is dropped, a rerun completes, and AWS sees each write once."""
    moment = quarter()
    whole = fleet(FEW)
    plan = plan_of(levels(FEW), read(whole, FEW), moment)
    with S3StandIn() as server:
        clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, attempts=1)
        store = S3Store(clients, "bucket", "prefix", None)
        apply_with(store, plan, whole, moment)
        total = len(server.requests)
        assert total > 20
        for number in range(1, total + 1):
            server.objects.clear()
            server.requests.clear()
            aws = fleet(FEW)
            setattr(server, lost, lambda count, number=number: count == number)
            with contextlib.suppress(ScalerError):
                apply_with(store, plan, aws, moment)
            setattr(server, lost, lambda _count: False)
            # The lock of the run that could not give it back, as after it has expired.
            server.objects.pop(f"prefix/{KEY}", None)
            apply_with(store, plan, aws, moment, holder="b")
            assert aws.autoscaling.writes == whole.autoscaling.writes
            assert_complete(plan, aws, store, moment, FEW)
        clients.close()


def test_row_31_a_second_run_does_not_begin() -> None:
    """Two runs at once on a store in S3: the second is refused with the owner, and writes nothing."""
    moment = quarter()
    aws = fleet(FEW)
    plan = plan_of(levels(FEW), read(aws, FEW), moment)
    with S3StandIn() as server:
        clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, attempts=1)
        store = S3Store(clients, "bucket", "prefix", None)
        with locked(store, Holder("first", "the first run"), lambda: datetime.now(UTC)):
            with pytest.raises(StoreLocked, match="the first run"):
                apply_with(store, plan, aws, moment)
            assert aws.writes == []
            assert not [key for key in server.objects if "runs/" in key]
        clients.close()


def test_the_journal_in_s3_is_the_journal_in_a_folder(tmp_path) -> None:
    """Same plan, same moment: the same bytes in S3 and in memory."""
    moment, journals = quarter(), []
    with S3StandIn() as server:
        clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, attempts=1)
        for store in (S3Store(clients, "bucket", "", None), MemoryStore()):
            aws: MemoryAws = fleet(FEW)
            plan = plan_of(levels(FEW), read(aws, FEW), moment)
            target = AwsTargets(aws)
            prepared = prepare(plan, target, store, moment, account=ACCOUNT)

            class Free:
                def keep(self) -> None:
                    """Nobody else is there."""

            execute(prepared, target, Free(), lambda: moment)
            journals.append(store.read(f"runs/{run_name(plan)}/journal.json").data)
        clients.close()
    assert journals[0] == journals[1]
