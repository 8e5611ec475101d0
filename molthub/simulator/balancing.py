"""Target groups as ECS and the health checks of load balancers see them: who is registered, and how well it is.

moto keeps the groups and the rules; whose task is behind them, and since when it answers, is kept here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from molthub.simulator.backend import MotoWorld
from molthub.simulator.ecs.state import Json, Region

INITIAL, HEALTHY, DRAINING = "initial", "healthy", "draining"
_REASONS = {
    INITIAL: ("Elb.RegistrationInProgress", "Target registration is in progress"),
    DRAINING: ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}

Target = tuple[str, int]
"""Address and port."""


@dataclass(slots=True)
class Balancing:
    """The targets of every group. targets: ARN of a group → target → state."""

    moto: MotoWorld
    targets: dict[str, dict[Target, str]] = field(default_factory=dict)

    def problem(self, region: Region, content: Json, balancers: list[Json]) -> str | None:
        """Why a service of this definition cannot use these load balancers (AWS's words), or None."""
        for item in balancers:
            found = self._problem(region, content, item)
            if found is not None:
                return found
        return None

    def _problem(self, region: Region, content: Json, item: Json) -> str | None:
        arn, container, port = item.get("targetGroupArn", ""), item["containerName"], item["containerPort"]
        group = self._backend(region.account, region.name).target_groups.get(arn)
        if group is None:
            return f"Unable to assume role and validate the specified targetGroupArn {arn}: it does not exist."
        if not list(self.rules_to(region.account, region.name, arn)):
            return f"The target group with targetGroupArn {arn} does not have an associated load balancer."
        if group.target_type != "ip":
            return (
                f"The provided target group {arn} has target type {group.target_type}, which is incompatible with the "
                "awsvpc network mode specified in the task definition."
            )
        definitions = {one["name"]: one for one in content["containerDefinitions"]}
        if container not in definitions:
            return f"The container {container} does not exist in the task definition."
        ports = [mapping["containerPort"] for mapping in definitions[container].get("portMappings", ())]
        if port not in ports:
            return f"The container {container} did not have a container port {port} defined."
        return None

    def seconds_until_healthy(self, region: Region, balancers: list[Json]) -> float:
        """How long the slowest of the groups asks until it trusts a target; 0.0 without any."""
        groups = self._backend(region.account, region.name).target_groups
        found = [groups[item["targetGroupArn"]] for item in balancers if item.get("targetGroupArn") in groups]
        waits = [float(group.health_check_interval_seconds) * int(group.healthy_threshold_count) for group in found]
        return max(waits, default=0.0)

    def deregistration_delay(self, region: Region, balancers: list[Json]) -> float:
        """How long the slowest of the groups lets a target finish; 0.0 without any."""
        groups = self._backend(region.account, region.name).target_groups
        found = [groups[item["targetGroupArn"]] for item in balancers if item.get("targetGroupArn") in groups]
        return max((float(group.attributes["deregistration_delay.timeout_seconds"]) for group in found), default=0.0)

    def mark(self, balancers: list[Json], address: str, state: str | None) -> None:
        """Register a task's address with its groups, change its state there, or (None) take it away."""
        for item in balancers:
            held = self.targets.setdefault(item.get("targetGroupArn", ""), {})
            target = (address, item["containerPort"])
            if state is None:
                held.pop(target, None)
            elif state == INITIAL or target in held:
                held[target] = state

    def health(self, account: str, region: str, params: Json) -> Json | None:
        """DescribeTargetHealth's answer; None where there is no such group (moto says so)."""
        arn = params["TargetGroupArn"]
        if arn not in self._backend(account, region).target_groups:
            return None
        found = sorted(self.targets.get(arn, {}).items())
        return {"TargetHealthDescriptions": [_description(target, state, region) for target, state in found]}

    def rules_to(self, account: str, region: str, arn: str) -> Iterator[tuple[str, Any]]:
        """(ARN of the load balancer, rule) of every rule that forwards to a group."""
        for balancer in self._backend(account, region).load_balancers.values():
            for listener in balancer.listeners.values():
                for rule in listener.rules.values():
                    if arn in forwards(rule):
                        yield balancer.arn, rule

    def _backend(self, account: str, region: str) -> Any:
        return self.moto.backend("elbv2", account, region)


def forwards(rule: Any) -> set[str]:
    """ARNs of the groups that one of moto's rules forwards to."""
    found: set[str] = set()
    for action in rule.actions:
        groups = (action.data.get("ForwardConfig") or {}).get("TargetGroups") or ()
        found |= {group["TargetGroupArn"] for group in groups}
        found |= {action.data["TargetGroupArn"]} if action.data.get("TargetGroupArn") else set()
    return found


def _description(target: Target, state: str, region: str) -> Json:
    health = {"State": state}
    if state in _REASONS:
        health |= {"Reason": _REASONS[state][0], "Description": _REASONS[state][1]}
    return {
        "Target": {"Id": target[0], "Port": target[1], "AvailabilityZone": f"{region}a"},
        "HealthCheckPort": str(target[1]),
        "TargetHealth": health,
    }
