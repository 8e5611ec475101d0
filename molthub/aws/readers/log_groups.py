"""CloudWatch log groups by prefix, 50 a page; their tags through the tagging service, 100 a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.aws.errors import NOT_FOUND
from molthub.aws.tags import compared, from_upper
from molthub.resources.identity import TAG_ENVIRONMENT, TAG_FLEET, TAG_WORKSPACE, EnvironmentKey
from molthub.resources.normal import normalise
from molthub.resources.types import LogGroup

Raw = Mapping[str, Any]


def list_groups(api: Api, prefix: str) -> dict[str, Raw]:
    """Every log group whose name begins with the prefix, by name, without tags."""
    items = api.items("logs", "DescribeLogGroups", logGroupNamePrefix=prefix, subject=f"log groups {prefix}")
    return {raw["logGroupName"]: raw for raw in items}


def read_group(api: Api, name: str) -> Raw | None:
    """One log group by its exact name, or None."""
    return list_groups(api, name).get(name)


def list_tags(api: Api, fleet: str, key: EnvironmentKey) -> dict[str, dict[str, str]]:
    """Tags of the environment's log groups, by name. A group with another tag than these is not told: `read_tags`."""
    wanted = {TAG_FLEET: fleet, TAG_WORKSPACE: key.workspace, TAG_ENVIRONMENT: key.environment}
    items = api.items(
        "resourcegroupstaggingapi",
        "GetResources",
        ResourceTypeFilters=["logs:log-group"],
        TagFilters=[{"Key": name, "Values": [value]} for name, value in wanted.items()],
        subject=f"log groups of {key}",
    )
    return {name_of(item["ResourceARN"]): from_upper(item.get("Tags")) for item in items}


def read_tags(api: Api, arn: str) -> dict[str, str]:
    """Tags of one log group from CloudWatch itself; none when it is gone."""
    answer = api.expecting(NOT_FOUND, "logs", "ListTagsForResource", resourceArn=arn, subject=arn)
    return {} if isinstance(answer, Refusal) else dict(answer.get("tags") or {})


def name_of(arn: str) -> str:
    """`arn:…:log-group:NAME` or `arn:…:log-group:NAME:*` → NAME."""
    return arn.split(":log-group:", 1)[-1].removesuffix(":*")


def project_group(raw: Raw, tags: Mapping[str, str]) -> LogGroup:
    """Our type of a log group, normalised."""
    return normalise(LogGroup(raw["logGroupName"], raw.get("retentionInDays"), compared(tags)))
