"""The services that the simulator answers itself; the rest is moto's. A service more is a line more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from molthub.simulator import log_events, quotas, tagging
from molthub.simulator.cloudformation import api as formation
from molthub.simulator.iam.simulating import simulate
from molthub.simulator.refusals import MalformedRequestError
from molthub.simulator.storage.backup import Backup
from molthub.simulator.storage.efs import Efs
from molthub.simulator.wire import Call
from molthub.simulator.world import World

Json = dict[str, Any]


def answer(world: World, call: Call, account: str) -> Json | None:
    """The answer to an operation that the simulator owns; None leaves it to moto."""
    handler = _SERVICES.get(call.service)
    return None if handler is None else handler(world, call, account)


def _ecs(world: World, call: Call, account: str) -> Json:
    if not world.ecs.handles(call.operation):
        message = f"the simulator does not emulate {call.name}"
        raise MalformedRequestError("UnsupportedOperation", message, ref="MH-SIM-003")
    return world.ecs.call(call.operation, account=account, region=call.region, params=call.params)


def _cloudformation(world: World, call: Call, account: str) -> Json:
    return formation.call(world.formation, call.operation, account=account, region=call.region, params=call.params)


def _iam(world: World, call: Call, _account: str) -> Json | None:
    return simulate(world, call) if call.operation == "SimulatePrincipalPolicy" else None


def _elbv2(world: World, call: Call, account: str) -> Json | None:
    """Who is behind a target group is ECS's to know; the rest is moto's."""
    if call.operation != "DescribeTargetHealth":
        return None
    return world.account.balancing.health(account, call.region, call.params)


_SERVICES: Mapping[str, Callable[[World, Call, str], Json | None]] = {
    "backup": lambda world, call, account: Backup(world.stores, account, call.region).call(call),
    "cloudformation": _cloudformation,
    "ecs": _ecs,
    "elbv2": _elbv2,
    "efs": lambda world, call, account: Efs(world.stores, account, call.region).call(call),
    "iam": _iam,
    "logs": log_events.handle,
    "resourcegroupstaggingapi": tagging.handle,
    "service-quotas": lambda world, call, account: quotas.handle(world.quotas, call, account),
}
