"""Stays within AWS's own limits: one token bucket per throttle category, account and region, for the whole process.

A bucket holds a set share of what AWS publishes, so that people and other tools keep the rest. Calls take their tokens
in the order they ask. A read waits where it is. A write that would wait for more than a moment is told to come back
(WaitingError) and finds its place kept: whoever applies can say so, be cancelled, and do something else meanwhile.
When AWS throttles all the same (somebody else uses the account), everybody pauses, and the bucket fills more slowly
for a while.

Where the figures (burst, refill per second) are from:

    ECS              "Request throttling for the Amazon ECS API", API Reference
    EC2              "Request throttling for the Amazon EC2 API", Developer Guide: each operation by itself
    ELBv2            "Request throttling for the Elastic Load Balancing API", User Guide
    Secrets Manager  "AWS Secrets Manager quotas", User Guide
    Logs             "CloudWatch Logs quotas", User Guide
    tagging          "Resource Groups Tagging API quotas", General Reference

What is in no category (IAM publishes nothing) goes unhindered until AWS throttles it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from molthub.aws.api import Throttle, no_throttle
from molthub.errors import StallingError, WaitingError

DEFAULT_SHARE = 0.6
IN_PLACE = 2.0
"""Seconds that a write waits without a word; longer, and it comes back."""

KEPT = 60.0
"""Seconds that the place of a call which should have come back stays its own."""

SLOWEST = 0.1
"""What a bucket's speed never falls below, as a part of the set one, however often AWS throttles."""

RECOVERY = 60.0
"""Seconds without throttling until a bucket is as fast as set again."""

LONGEST_PAUSE = 20.0
SLICE = 0.2
"""Seconds of sleep between two looks at whether the process is to stop."""

TELL_EVERY = 10.0
"""Seconds of waiting between two words about it."""

READS = ("Describe", "List", "Get", "BatchGet", "Filter")


@dataclass(frozen=True, slots=True)
class Category:
    """Operations of one service that AWS counts together. each: it counts every operation by itself."""

    service: str
    operations: tuple[str, ...]
    burst: float
    rate: float
    each: bool = False


_GROUP_WRITES = (
    *(f"{verb}SecurityGroup{way}" for verb in ("Authorize", "Revoke") for way in ("Ingress", "Egress")),
    *("CreateSecurityGroup", "DeleteSecurityGroup", "CreateTags", "DeleteTags"),
)

CATEGORIES = (
    Category("ecs", ("CreateCluster", "UpdateCluster", "DeleteCluster", "PutClusterCapacityProviders"), 20, 1),
    Category("ecs", ("DescribeClusters", "ListClusters"), 50, 20),
    Category("ecs", ("DescribeServices", "ListServices"), 100, 20),
    Category("ecs", ("CreateService", "UpdateService", "DeleteService"), 50, 5),
    Category("ecs", ("DescribeTaskDefinition", "ListTaskDefinitions"), 50, 20),
    Category("ecs", ("RegisterTaskDefinition", "DeregisterTaskDefinition"), 20, 1),
    Category("ecs", ("DeleteTaskDefinitions",), 5, 1),
    Category("ecs", ("DescribeServiceDeployments", "ListServiceDeployments"), 50, 20),
    Category("ecs", ("DescribeServiceRevisions",), 50, 20),
    Category("ecs", ("DescribeTasks", "ListTasks"), 100, 20),
    Category("ecs", ("TagResource", "UntagResource"), 20, 10),
    Category("ec2", ("DescribeSecurityGroups",), 100, 20, each=True),
    Category("ec2", _GROUP_WRITES, 50, 5, each=True),
    Category("elbv2", ("Describe*",), 40, 10),
    Category("secretsmanager", ("ListSecrets",), 100, 100),
    Category("secretsmanager", ("CreateSecret", "DeleteSecret", "RestoreSecret"), 50, 50, each=True),
    Category("secretsmanager", ("PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"), 50, 50),
    Category("secretsmanager", ("TagResource", "UntagResource"), 50, 50),
    Category("logs", ("DescribeLogGroups",), 10, 10),
    Category("logs", ("FilterLogEvents",), 5, 5),
    Category("logs", ("CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy"), 10, 10, each=True),
    Category("resourcegroupstaggingapi", ("GetResources",), 15, 15),
)

GLOBAL_SERVICES = frozenset({"iam", "sts"})
"""Counted per account, whatever the region."""


def category_of(service: str, operation: str) -> Category | None:
    """The category that AWS counts the operation in; None where it publishes none."""
    for category in CATEGORIES:
        if category.service == service and any(_matches(operation, item) for item in category.operations):
            return category
    return None


def _matches(operation: str, pattern: str) -> bool:
    return operation.startswith(pattern[:-1]) if pattern.endswith("*") else operation == pattern


@dataclass(slots=True)
class Bucket:
    """One category's tokens; below zero there is a queue. Not thread-safe: its owner holds the lock. Times: seconds.

    burst, rate  the set share of AWS's figures; infinite where AWS publishes none
    speed        1, or less after AWS throttled
    kept         places of calls that were told to come back: (operation, subject) → when it is their turn
    told         when a wait in this bucket was last spoken of; waiting_since: when the present one began
    """

    burst: float
    rate: float
    filled_at: float
    tokens: float = 0.0
    speed: float = 1.0
    throttled_at: float = -math.inf
    pause_until: float = -math.inf
    kept: dict[tuple[str, str], float] = field(default_factory=dict)
    told: float = -math.inf

    def take(self, now: float, key: tuple[str, str]) -> float:
        """Take a token, or the place that was kept; when it is this call's turn."""
        self.kept = {item: due for item, due in self.kept.items() if due + KEPT > now}
        if key in self.kept:
            return max(self.kept.pop(key), self.pause_until)
        self._fill(now)
        self.tokens -= 1
        wait = 0.0 if self.tokens >= 0 else -self.tokens / self._rate(now)
        return max(now + wait, self.pause_until)

    def give_back(self) -> None:
        """The call was not made."""
        self.tokens = min(self.burst, self.tokens + 1)

    def throttled(self, now: float) -> None:
        """AWS refused a call: the burst is spent, all pause, and the tokens come more slowly for a while."""
        self._fill(now)
        if now - self.throttled_at >= 1.0:  # calls made at once are refused at once, and that is one lesson
            self.speed = max(SLOWEST, self._speed(now) / 2)
            self.throttled_at = now
            self.pause_until = now + min(LONGEST_PAUSE, 0.5 / self.speed)
        self.tokens = min(0.0, self.tokens)

    def to_go(self, wait: float, now: float) -> int:
        """How many calls come before one that waits so long."""
        return max(1, math.ceil(wait * self._rate(now))) if math.isfinite(self.rate) else 1

    def has_spare(self, now: float) -> bool:
        """Whether more than half is there, so that taking one keeps nobody waiting."""
        self._fill(now)
        return now >= self.pause_until and self.tokens > self.burst / 2

    def _fill(self, now: float) -> None:
        if math.isfinite(self.rate):
            self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self._rate(now))
        self.filled_at = now

    def _rate(self, now: float) -> float:
        return self.rate * self._speed(now)

    def _speed(self, now: float) -> float:
        return min(1.0, self.speed + (now - self.throttled_at) / RECOVERY) if self.speed < 1 else 1.0


Place = tuple[str, str, str, str]
"""Account, region, service and the category's name within it."""


def _never() -> bool:
    return False


def _silent(_text: str) -> None:
    """Says nothing."""


class Quotas:
    """The buckets of this process. Thread-safe.

    share     of AWS's figures, 0 < share ≤ 1
    now       seconds that only grow; sleep: waits so many of them
    stopping  asked while waiting: True ends the wait with a WaitingError
    tell      called now and then with one line about reads that wait for long
    """

    def __init__(
        self,
        share: float = DEFAULT_SHARE,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        stopping: Callable[[], bool] = _never,
        tell: Callable[[str], None] = _silent,
    ) -> None:
        self._share = share
        self._now = now
        self._sleep = sleep
        self._stopping = stopping
        self._tell = tell
        self._lock = threading.Lock()
        self._buckets: dict[Place, Bucket] = {}

    def of(self, account: str, region: str) -> Throttle:
        """What the calls of one account and region go by."""
        return _AccountThrottle(self, account, region)

    def wait(self, account: str, region: str, call: tuple[str, str, str]) -> None:
        """Return when the call (service, operation, subject) may be made. Raises WaitingError: come back for it."""
        service, operation, subject = call
        with self._lock:
            bucket, now = self._bucket(account, region, service, operation), self._now()
            due = bucket.take(now, (operation, subject))
            wait = due - now
            if wait <= 0:
                return
            ahead = bucket.to_go(wait, now)
            if wait > IN_PLACE and not operation.startswith(READS):
                bucket.kept[operation, subject] = due
                raise waiting_for(operation, ahead, wait)
            speak = wait > IN_PLACE and now - bucket.told >= TELL_EVERY
            if speak:
                bucket.told = now
        if speak:
            self._tell(waiting_text(operation, ahead, wait))
        self._sleep_until(due, bucket, operation)

    def _sleep_until(self, due: float, bucket: Bucket, operation: str) -> None:
        while (left := due - self._now()) > 0:
            if self._stopping():
                with self._lock:
                    bucket.give_back()
                raise waiting_for(operation, 1, left)
            self._sleep(min(SLICE, left))

    def throttled(self, account: str, region: str, service: str, operation: str) -> None:
        """AWS answered a call with throttling."""
        with self._lock:
            self._bucket(account, region, service, operation).throttled(self._now())

    def has_spare(self, account: str, region: str, service: str, operation: str) -> bool:
        """Whether a call can be made that keeps nobody waiting."""
        with self._lock:
            return self._bucket(account, region, service, operation).has_spare(self._now())

    def _bucket(self, account: str, region: str, service: str, operation: str) -> Bucket:
        category = category_of(service, operation)
        name = "" if category is None else operation if category.each else category.operations[0]
        place = (account, "" if service in GLOBAL_SERVICES else region, service, name)
        if place not in self._buckets:
            burst = math.inf if category is None else max(1.0, category.burst * self._share)
            rate = math.inf if category is None else category.rate * self._share
            self._buckets[place] = Bucket(burst, rate, self._now(), tokens=burst)
        return self._buckets[place]


@dataclass(frozen=True, slots=True)
class _AccountThrottle:
    """Quotas, for the calls of one account and region."""

    quotas: Quotas
    account: str
    region: str

    def wait(self, service: str, operation: str, subject: str) -> None:
        self.quotas.wait(self.account, self.region, (service, operation, subject))

    def throttled(self, service: str, operation: str) -> None:
        self.quotas.throttled(self.account, self.region, service, operation)

    def has_spare(self, service: str, operation: str) -> bool:
        return self.quotas.has_spare(self.account, self.region, service, operation)


def waiting_text(operation: str, ahead: int, seconds: float) -> str:
    """One line about a wait, for people."""
    return f"waiting for {operation}, {ahead} to go, about {max(1, round(seconds))} s"


def waiting_for(operation: str, ahead: int, seconds: float) -> WaitingError:
    """Come back after so many seconds: the call's place is kept."""
    return WaitingError(
        "MH-AWS-050",
        waiting_text(operation, ahead, seconds),
        after=seconds,
        fix="Nothing to do: AWS takes only so many of these a second",
    )


def throttles(
    share: str,
    *,
    stopping: Callable[[], bool] = _never,
    tell: Callable[[str], None] = _silent,
) -> Callable[[str, str], Throttle]:
    """What a composition root hands to `aws_provider_factory`. share: MOLTHUB_AWS_SHARE, a percentage or `off`.

    Raises StallingError MH-AWS-051 for anything else.
    """
    if share.strip().lower() == "off":
        return lambda _account, _region: no_throttle
    try:
        percent = float(share.strip().removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 1 <= percent <= 100:  # noqa: PLR2004 - a percentage
        raise StallingError(
            "MH-AWS-051",
            f"MOLTHUB_AWS_SHARE (--aws-share) is no percentage from 1 to 100, and not off: {share!r}",
            fix="Set it to 60, or unset it",
        )
    return Quotas(percent / 100, stopping=stopping, tell=tell).of
