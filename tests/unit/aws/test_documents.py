"""Shared documents in S3, over HTTP against the simulator; and the guard that every request of a write asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest

from molthub.aws.api import Api
from molthub.aws.documents import BucketDocuments
from molthub.aws.provider import AwsProvider, aws_provider_factory
from molthub.errors import StallingError, TransientError
from molthub.planning.types import Action, Change
from molthub.provider.protocols import WriteContext
from molthub.resources.types import Kind, LogGroup
from tests.fakes.aws_world import BOT, COMMIT, ENVIRONMENT_VARIABLES, KEY, LOCATION
from tests.fakes.scripted import Scripted
from tests.fakes.simulator import ENVIRONMENT, TestSimulator

BUCKET = "molthub-0123456789-123456789012-eu-west-1"


def provider_of(account: str = LOCATION.account_id) -> AwsProvider:
    made = aws_provider_factory()(KEY, replace(LOCATION, account_id=account, bucket=BUCKET))
    assert isinstance(made, AwsProvider)
    return made


@pytest.fixture
def provider(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsProvider:
    """One whose environment has a bucket."""
    for name, text in (ENVIRONMENT_VARIABLES | {"AWS_ENDPOINT_URL": simulator.endpoint_url}).items():
        monkeypatch.setenv(name, text)
    simulator.control.seed(environments=[{**ENVIRONMENT, "bucket": BUCKET}])
    return provider_of()


@pytest.fixture
def documents(provider: AwsProvider) -> BucketDocuments:
    found = provider.documents()
    assert found is not None
    return found


def test_what_was_written_is_read_and_only_its_tag_replaces_it(documents: BucketDocuments) -> None:
    assert documents.read("lease.json") is None
    assert documents.write("lease.json", b"1", replaces='"nothing"') is None
    first = documents.write("lease.json", b"1", replaces=None)
    assert first is not None
    assert documents.write("lease.json", b"2", replaces=None) is None
    second = documents.write("lease.json", b"2", replaces=first)
    assert second not in (first, None)
    assert documents.write("lease.json", b"3", replaces=first) is None
    found = documents.read("lease.json")
    assert found is not None
    assert (found.body, found.tag) == (b"2", second)
    assert 0 <= (found.read - found.written).total_seconds() < 30


def test_of_many_at_once_exactly_one_wins(documents: BucketDocuments) -> None:
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(lambda n: documents.write("a", str(n).encode(), replaces=None), range(8)))
        tag = next(item for item in new if item is not None)
        over = list(pool.map(lambda n: documents.write("a", f"again {n}".encode(), replaces=tag), range(8)))
    assert (len(new) - new.count(None), len(over) - over.count(None)) == (1, 1)


def test_one_that_is_still_under_way_wins_too(simulator: TestSimulator, documents: BucketDocuments) -> None:
    simulator.control.add_fault("conflict", operation="s3:PutObject")
    assert documents.write("lease.json", b"1", replaces=None) is None


def test_a_write_whose_answer_was_lost_meets_itself(simulator: TestSimulator, documents: BucketDocuments) -> None:
    simulator.control.add_fault("reset-after", operation="s3:PutObject")
    assert documents.write("lease.json", b"1", replaces=None) is None  # botocore tried again, and was refused
    found = documents.read("lease.json")
    assert found is not None
    assert found.body == b"1"


def test_no_bucket_is_no_place(simulator: TestSimulator, provider: AwsProvider) -> None:
    simulator.control.reset()
    assert provider.documents() is None
    assert aws_provider_factory()(KEY, LOCATION).documents() is None
    assert [call["operation"] for call in simulator.control.calls()] == ["GetCallerIdentity", "HeadBucket"]


def test_where_nothing_was_made_a_denial_is_no_bucket(simulator: TestSimulator, provider: AwsProvider) -> None:
    simulator.control.add_fault("access-denied", operation="s3:HeadBucket", times=None)
    stack = "molthub-acme-prod-0123456789"
    unmade = aws_provider_factory()(KEY, replace(LOCATION, bucket=BUCKET, stack=stack))
    assert unmade.documents() is None
    template = '{"Resources":{"Way":{"Type":"AWS::EC2::InternetGateway"}}}'
    simulator.client("cloudformation").create_change_set(
        StackName=stack, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template
    )
    with pytest.raises(StallingError, match=f"AWS denies s3:ListBucket for {BUCKET}"):
        unmade.documents()


def test_a_bucket_that_was_removed_by_hand_is_no_reason_to_write_without_a_lease(
    simulator: TestSimulator, provider: AwsProvider
) -> None:
    stack = "molthub-acme-prod-0123456789"
    template = (
        '{"Resources":{"Way":{"Type":"AWS::EC2::InternetGateway"}},"Outputs":{"Bucket":{"Value":"' + BUCKET + '"}}}'
    )
    stacks = simulator.client("cloudformation")
    stacks.create_change_set(StackName=stack, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template)
    simulator.control.advance(5)
    made = aws_provider_factory()(KEY, replace(LOCATION, bucket=BUCKET, stack=stack))
    simulator.client("s3").delete_bucket(Bucket=BUCKET)
    assert made.documents() is None, "nothing was made yet"
    stacks.execute_change_set(StackName=stack, ChangeSetName="first")
    simulator.control.advance(60)
    with pytest.raises(StallingError, match=f"MH-AWS-027 The bucket {BUCKET} of the environment's stack is gone"):
        made.documents()


def test_a_bucket_of_somebody_else_is_not_ours(
    simulator: TestSimulator, provider: AwsProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bucket names are one space for all of AWS, and anybody may have taken this one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    with pytest.raises(StallingError, match=f"AWS denies s3:ListBucket for {BUCKET}"):
        provider_of("999999999999").documents()


def test_denied_and_away_are_told_apart(simulator: TestSimulator, documents: BucketDocuments) -> None:
    simulator.control.add_fault("access-denied", operation="s3:GetObject")
    with pytest.raises(StallingError, match="MH-AWS-003"):
        documents.read("lease.json")
    simulator.control.add_fault("unavailable", operation="s3:*", times=None)
    with pytest.raises(TransientError):
        documents.write("lease.json", b"1", replaces=None)


def test_every_request_of_a_write_asks_the_guard(simulator: TestSimulator, provider: AwsProvider) -> None:
    """A throttled call is tried again by botocore: by then the lease may be gone."""
    asked: list[int] = []

    def guard() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise StallingError("MH-LEASE-001", "the lease is gone")

    change = Change(Action.CREATE, Kind.LOG_GROUP, "/molthub/x", None, LogGroup("/molthub/x", 30, ()))
    assert provider.documents() is not None  # who we are has been asked by now
    simulator.control.reset_counters()
    simulator.control.add_fault("throttle", operation="logs:CreateLogGroup", times=None)
    with pytest.raises(StallingError, match="the lease is gone"):
        provider.perform(change, WriteContext(BOT, COMMIT, guard))
    sent = [call for call in simulator.control.calls() if call["service"] == "logs"]
    assert len(sent) == 2
    assert simulator.control.inventory().get(LOCATION.account_id, {}).get(LOCATION.region, {})["logGroups"] == {}


@pytest.mark.parametrize("missing", ["ETag", "LastModified", "date"])
def test_an_answer_without_a_header_is_no_reason_to_die(missing: str) -> None:
    """Something on the way may take one out; the thread that keeps a lease goes on, and asks again."""
    metadata = {"HTTPHeaders": {"date": "Mon, 23 Nov 2026 17:00:00 GMT"} if missing != "date" else {}}
    whole = {"ETag": '"1"', "LastModified": datetime(2026, 11, 23, tzinfo=UTC), "ResponseMetadata": metadata}
    answer = {key: value for key, value in whole.items() if key != missing}
    aws = Scripted({"get_object": [{**answer, "Body": BytesIO(b"{}")}], "put_object": [answer]})
    documents = BucketDocuments(Api(aws), bucket=BUCKET, account=LOCATION.account_id)
    with pytest.raises(TransientError, match=f"MH-AWS-012 S3 answered for {BUCKET}/lease.json without its {missing}"):
        documents.read("lease.json")
    if missing == "ETag":
        with pytest.raises(TransientError, match="MH-AWS-012"):
            documents.write("lease.json", b"{}", replaces=None)
