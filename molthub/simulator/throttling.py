"""AWS's request quotas, when asked for: token buckets per account and region, in simulated time.

The figures are those that AWS publishes (burst, tokens a second): the API pages on request throttling of ECS, EC2 and
Elastic Load Balancing, and the quota pages of Secrets Manager, CloudWatch Logs and Resource Groups Tagging. The table
stands by itself, so that a misreading in the adapter's own shows. Operations that it does not name are not throttled:
AWS publishes no figure for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

QUOTAS: tuple[tuple[str, tuple[float, float]], ...] = (
    ("ecs:RegisterTaskDefinition ecs:DeregisterTaskDefinition", (20, 1)),
    ("ecs:DeleteTaskDefinitions", (5, 1)),
    ("ecs:DescribeTaskDefinition ecs:ListTaskDefinitions ecs:ListTaskDefinitionFamilies", (50, 20)),
    ("ecs:CreateService ecs:UpdateService ecs:DeleteService", (50, 5)),
    ("ecs:DescribeServices ecs:ListServices", (100, 20)),
    ("ecs:DescribeServiceDeployments ecs:ListServiceDeployments", (50, 20)),
    ("ecs:DescribeServiceRevisions", (50, 20)),
    ("ecs:DescribeTasks ecs:ListTasks", (100, 20)),
    ("ecs:TagResource ecs:UntagResource", (20, 10)),
    ("ecs:CreateCluster ecs:UpdateCluster ecs:DeleteCluster ecs:PutClusterCapacityProviders", (20, 1)),
    ("ecs:DescribeClusters ecs:ListClusters", (50, 20)),
    ("elbv2:Describe*", (40, 10)),
    ("secretsmanager:ListSecrets", (100, 100)),
    ("secretsmanager:PutSecretValue secretsmanager:UpdateSecret*", (50, 50)),
    ("secretsmanager:TagResource secretsmanager:UntagResource", (50, 50)),
    ("logs:DescribeLogGroups", (10, 10)),
    ("logs:FilterLogEvents", (5, 5)),
    ("resourcegroupstaggingapi:GetResources", (15, 15)),
)
"""Operations counted together."""

EACH: tuple[tuple[str, tuple[float, float]], ...] = (
    ("ec2:Describe*", (100, 20)),
    ("ec2:*", (50, 5)),
    ("secretsmanager:CreateSecret secretsmanager:DeleteSecret secretsmanager:RestoreSecret", (50, 50)),
    ("logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy", (10, 10)),
)
"""Operations that are each counted by themselves."""


@dataclass(slots=True)
class _Bucket:
    burst: float
    rate: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Throttling:
    """The buckets of one simulated AWS; everything passes until `enforced`."""

    def __init__(self) -> None:
        self.enforced = False
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def reset(self) -> None:
        """Full buckets; whether they are enforced stays."""
        self._buckets.clear()

    def lets_pass(self, name: str, *, account: str, region: str, now: float) -> bool:
        """Whether a call of `service:Operation` is within the quota; it takes a token when it is. now: seconds."""
        found = quota_of(name)
        if not self.enforced or found is None:
            return True
        category, (burst, rate) = found
        place = (account, region, category)
        if place not in self._buckets:
            self._buckets[place] = _Bucket(burst, rate, burst, now)
        return self._buckets[place].take(now)


def quota_of(name: str) -> tuple[str, tuple[float, float]] | None:
    """The category of `service:Operation` and its burst and rate; None where AWS publishes none."""
    for names, figures in QUOTAS:
        if any(fnmatchcase(name, pattern) for pattern in names.split()):
            return names, figures
    for names, figures in EACH:
        if any(fnmatchcase(name, pattern) for pattern in names.split()):
            return name, figures
    return None
