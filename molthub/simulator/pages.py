"""Pages where moto knows none: it is shown only the part of its store that the page asks for.

GetAccountAuthorizationDetails gives 100 roles where nothing else is asked, as on AWS; its users, groups and
policies are not paged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from molthub.simulator.backend import replaced
from molthub.simulator.paging import page
from molthub.simulator.replies import Answer
from molthub.simulator.wire import Call
from molthub.simulator.world import World

BY_DEFAULT = 100

Forward = Callable[[], Answer]


def forward_page(world: World, call: Call, account: str, forward: Forward) -> Answer:
    """Let moto answer, a page at a time where the operation has pages that moto ignores."""
    if call.name == "iam:GetAccountAuthorizationDetails":
        return _roles(world, call, account, forward)
    if call.name == "ec2:DescribeSecurityGroups" and ("MaxResults" in call.params or "NextToken" in call.params):
        return _groups(world, call, account, forward)
    return forward()


def _roles(world: World, call: Call, account: str, forward: Forward) -> Answer:
    backend = world.moto.backend("iam", account, "aws")
    chosen, following = page(
        sorted(backend.roles.values(), key=_role_name),
        key=_role_name,
        token=call.params.get("Marker"),
        limit=call.params.get("MaxItems", BY_DEFAULT),
        bad_token="ValidationError",  # noqa: S106 - an error code
    )
    with replaced(backend, "roles", {role.id: role for role in chosen}):
        answer = forward()
    if following is None:
        return answer
    more = f"<IsTruncated>true</IsTruncated><Marker>{following}</Marker>".encode()
    return _with_body(answer, answer.body.replace(b"<IsTruncated>false</IsTruncated>", more))


def _groups(world: World, call: Call, account: str, forward: Forward) -> Answer:
    backend = world.moto.backend("ec2", account, call.region)
    filters = {item["Name"]: item["Values"] for item in call.params.get("Filters", ())}
    matching = backend.describe_security_groups(None, call.params.get("GroupNames"), filters)
    chosen, following = page(
        sorted(matching, key=_id),
        key=_id,
        token=call.params.get("NextToken"),
        limit=call.params.get("MaxResults", 1000),
        bad_token="InvalidPaginationToken",  # noqa: S106 - an error code
    )
    shown: dict[str, dict[str, Any]] = defaultdict(dict)
    for group in chosen:
        shown[group.vpc_id][group.id] = group
    with replaced(backend, "groups", shown):
        answer = forward()
    if following is None:
        return answer
    end = b"</DescribeSecurityGroupsResponse>"
    return _with_body(answer, answer.body.replace(end, f"<nextToken>{following}</nextToken>".encode() + end))


def _with_body(answer: Answer, body: bytes) -> Answer:
    return Answer(answer.status, answer.headers, body, answer.error)


def _role_name(role: Any) -> str:
    return str(role.name)


def _id(group: Any) -> str:
    return str(group.id)
