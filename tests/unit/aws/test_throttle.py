"""The buckets: a share of what AWS publishes, in the order of asking, patient where it must be and cancellable."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import botocore.session
import pytest

from molthub.aws.api import Throttle, no_throttle
from molthub.aws.throttle import CATEGORIES, Quotas, category_of, throttles
from molthub.errors import StallingError, WaitingError
from molthub.simulator.throttling import quota_of

HERE = ("123456789012", "eu-west-1")


@dataclass(slots=True)
class Time:
    """A clock that sleeping pushes forward."""

    at: float = 1000.0
    slept: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        with self.lock:
            return self.at

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.at += seconds
            self.slept += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def register(throttle: Throttle, family: str = "a") -> None:
    throttle.wait("ecs", "RegisterTaskDefinition", f"task definition {family}")


def spend(throttle: Throttle, operation: str, count: int, service: str = "ecs") -> None:
    for number in range(count):
        throttle.wait(service, operation, str(number))


@pytest.fixture
def scarce(time: Time) -> Throttle:
    """30 %: six definitions at once, then one every 3.3 s."""
    throttle = Quotas(0.3, now=time.now, sleep=time.sleep).of(*HERE)
    spend(throttle, "RegisterTaskDefinition", 6)
    assert time.slept == 0
    return throttle


def told_to_wait(throttle: Throttle, family: str) -> float:
    with pytest.raises(WaitingError) as told:
        register(throttle, family)
    return told.value.after


def test_a_wait_of_a_moment_is_not_worth_a_word(time: Time) -> None:
    throttle = Quotas(now=time.now, sleep=time.sleep).of(*HERE)
    spend(throttle, "RegisterTaskDefinition", 12)  # 60 % of 20
    assert time.slept == 0
    register(throttle)
    assert time.slept == pytest.approx(1 / 0.6)


def test_beyond_the_burst_a_write_is_told_to_come_back(scarce: Throttle, time: Time) -> None:
    scarce.wait("ecs", "UpdateService", "another category")
    for number in range(36):
        told_to_wait(scarce, str(number))
    with pytest.raises(WaitingError) as told:
        scarce.wait("ecs", "DeregisterTaskDefinition", "the same category")
    assert told.value.diagnostic.message == "waiting for DeregisterTaskDefinition, 37 to go, about 123 s"
    assert told.value.after == pytest.approx(37 / 0.3)
    assert told.value.ref == "MH-AWS-050"
    assert time.slept == 0


def test_a_place_is_kept_in_the_order_of_asking(scarce: Throttle, time: Time) -> None:
    first, second = told_to_wait(scarce, "first"), told_to_wait(scarce, "second")
    assert first < second
    time.at += second
    register(scarce, "second")
    register(scarce, "first")  # late, and still not sent to the end of the queue
    assert time.slept == 0
    told_to_wait(scarce, "third")


def test_who_comes_back_too_early_is_sent_back_to_the_same_place(scarce: Throttle, time: Time) -> None:
    time.at += told_to_wait(scarce, "a") - 3
    assert told_to_wait(scarce, "a") == pytest.approx(3)


def test_a_place_that_nobody_comes_for_is_given_up(scarce: Throttle, time: Time) -> None:
    time.at += told_to_wait(scarce, "a") + 61
    spend(scarce, "RegisterTaskDefinition", 6)  # the bucket is full again, whoever came back
    told_to_wait(scarce, "a")


def test_reads_wait_where_they_are_and_say_so_now_and_then(time: Time) -> None:
    said: list[str] = []
    throttle = Quotas(now=time.now, sleep=time.sleep, tell=said.append).of(*HERE)
    spend(throttle, "DescribeTaskDefinition", 30)
    assert time.slept == 0
    spend(throttle, "DescribeTaskDefinition", 12)
    assert time.slept == pytest.approx(1.0)
    assert said == []


def test_a_queue_of_reads_speaks_once_and_ends_when_the_process_does(time: Time) -> None:
    said: list[str] = []
    stopping = threading.Event()
    quotas = Quotas(now=time.now, sleep=lambda _: stopping.wait(0.01), stopping=stopping.is_set, tell=said.append)
    throttle = quotas.of(*HERE)
    threads = [threading.Thread(target=_wait_quietly, args=(throttle,)) for _ in range(60)]
    for thread in threads:
        thread.start()
    stopping.set()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)  # cancelled: nobody waits on
    assert len(said) == 1
    assert said[0].startswith("waiting for DescribeTaskDefinition, ")


def _wait_quietly(throttle: Throttle) -> None:
    try:
        throttle.wait("ecs", "DescribeTaskDefinition", "")
    except WaitingError:
        return


def test_a_cancelled_wait_gives_its_token_back(time: Time) -> None:
    stopping = threading.Event()
    throttle = Quotas(now=time.now, sleep=time.sleep, stopping=stopping.is_set).of(*HERE)
    spend(throttle, "UpdateService", 30)
    stopping.set()
    with pytest.raises(WaitingError):
        throttle.wait("ecs", "UpdateService", "x")
    stopping.clear()
    throttle.wait("ecs", "UpdateService", "y")
    assert time.slept == pytest.approx(1 / 3)


def test_categories_accounts_and_regions_are_apart_and_iam_has_no_region(time: Time) -> None:
    quotas = Quotas(now=time.now, sleep=time.sleep)
    spend(quotas.of(*HERE), "RegisterTaskDefinition", 12)
    spend(quotas.of(*HERE), "UpdateService", 30)
    spend(quotas.of("210987654321", "eu-west-1"), "RegisterTaskDefinition", 12)
    spend(quotas.of("123456789012", "us-east-1"), "RegisterTaskDefinition", 12)
    spend(quotas.of(*HERE), "CreateSecurityGroup", 30, "ec2")
    spend(quotas.of(*HERE), "DeleteSecurityGroup", 30, "ec2")  # EC2 counts each by itself
    spend(quotas.of(*HERE), "CreateRole", 1000, "iam")
    assert time.slept == 0
    quotas.of(*HERE).throttled("iam", "CreateRole")
    quotas.of("123456789012", "us-east-1").wait("iam", "GetRole", "x")
    assert time.slept > 0


def test_throttling_by_aws_pauses_all_empties_the_bucket_and_slows_it_for_a_while(time: Time) -> None:
    throttle = Quotas(now=time.now, sleep=time.sleep).of(*HERE)
    for _ in range(20):
        throttle.throttled("ecs", "UpdateService")  # at once: one lesson, not twenty
    throttle.wait("ecs", "UpdateService", "a")
    assert 0.9 <= time.slept <= 1.1
    assert not throttle.has_spare("ecs", "UpdateService")
    before = time.slept
    spend(throttle, "UpdateService", 3)
    assert time.slept - before > 3 / 3  # slower than the set three a second
    time.at += 120
    before = time.slept
    spend(throttle, "UpdateService", 33)
    assert time.slept - before == pytest.approx(3 / 3, abs=0.1)


def test_what_is_in_no_hurry_takes_only_what_is_spare(time: Time) -> None:
    throttle = Quotas(now=time.now, sleep=time.sleep).of(*HERE)
    taken = 0
    while throttle.has_spare("ecs", "DeregisterTaskDefinition"):
        throttle.wait("ecs", "DeregisterTaskDefinition", "")
        taken += 1
    assert taken == 6


def test_every_operation_named_exists(time: Time) -> None:
    session = botocore.session.get_session()
    for category in CATEGORIES:
        known = session.get_service_model(category.service).operation_names
        for operation in category.operations:
            if not operation.endswith("*"):
                assert operation in known, f"{category.service}:{operation}"
    names = [f"{c.service}:{operation}" for c in CATEGORIES for operation in c.operations]
    assert len(names) == len(set(names))
    assert category_of("elbv2", "DescribeRules") is not None
    assert category_of("iam", "CreateRole") is None


def test_the_figures_are_those_the_simulator_enforces() -> None:
    """Two tables, read from AWS's pages one after the other: a misreading of one shows."""
    for category in CATEGORIES:
        for operation in category.operations:
            name = f"{category.service}:{operation.replace('*', 'Rules')}"
            assert quota_of(name) is not None, name
            assert quota_of(name)[1] == (category.burst, category.rate), name  # type: ignore[index]


def test_the_share_is_a_setting() -> None:
    assert throttles("off")(*HERE) is no_throttle
    quarter = throttles("25%")(*HERE)
    spend(quarter, "RegisterTaskDefinition", 5)
    with pytest.raises(WaitingError, match="waiting for RegisterTaskDefinition, 1 to go, about 4 s"):
        register(quarter)
    for wrong in ("0", "-5", "101", "half", "nan", ""):
        with pytest.raises(StallingError) as refused:
            throttles(wrong)
        assert refused.value.ref == "MH-AWS-051"
