"""What ECS sees of the account when it starts a task: roles, secrets, log groups, network. Wordings are AWS's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from molthub.simulator.backend import MotoWorld
from molthub.simulator.balancing import Balancing
from molthub.simulator.ecs.state import Json, Region
from molthub.simulator.iam.evaluator import Ask, decide
from molthub.simulator.iam.keys import through_key
from molthub.simulator.iam.principals import Principal, find_role, rights_of
from molthub.simulator.storage.mounting import Mounts
from molthub.simulator.storage.state import Stores
from molthub.simulator.task_logs import Moment, text_of, write

_SECRET_ARN = re.compile(r"(arn:aws[a-z-]*:secretsmanager:[^:]+:\d{12}:secret:[^:]+)(?::([^:]*):([^:]*):([^:]*))?")
_INITIALISE = "ResourceInitializationError: unable to pull secrets or registry auth: "
_PULL = _INITIALISE + "execution resource retrieval failed: unable to retrieve secret from asm: "
_LOGGER = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
    "failed to create Cloudwatch log stream: "
)

VCPU_QUOTA = ("fargate", "L-3032A538")
UNITS_OF_A_VCPU = 1024

ANY_KEY = "molthub-simulator"
"""A secret whose JSON value has this key is a dummy that holds every key a task asks for."""


class Account:
    """Reads moto's state; writes nothing. now: simulated seconds; role_delay: until a new role can be used."""

    def __init__(
        self,
        world: MotoWorld,
        stores: Stores,
        now: Callable[[], float],
        quotas: Mapping[tuple[str, str], float] | None = None,
    ) -> None:
        self.quotas = quotas if quotas is not None else {}
        self._world = world
        self._stores = stores
        self._now = now
        self.role_delay = 0.0
        self.role_born: dict[str, float] = {}
        self.balancing = Balancing(world)

    def assume_problem(self, account: str, role_arn: str) -> str | None:
        role = self.role(account, role_arn)
        if role is not None and "ecs-tasks.amazonaws.com" in str(role.assume_role_policy_document):
            return None
        return (
            f"ECS was unable to assume the role '{role_arn}' that was provided for this task. Please verify that "
            "the role being passed has the proper trust relationship and permissions and that your IAM user has "
            "permissions to pass this role."
        )

    def pass_problem(self, account: str, role_arn: str) -> str | None:
        born = self.role_born.get(role_arn)
        if born is None or self._now() >= born + self.role_delay:
            return None
        return f"User: arn:aws:iam::{account}:root is not authorized to perform: iam:PassRole on resource: {role_arn}"

    def startup_problem(self, region: Region, content: Json) -> str | None:
        role = self.role(region.account, content.get("executionRoleArn", ""))
        for container in content["containerDefinitions"]:
            for secret in container.get("secrets", ()):
                problem = self._secret_problem(region, role, secret["valueFrom"])
                if problem is not None:
                    return problem
        return self._log_problem(region, role, content)

    def mount_problem(self, region: Region, content: Json, subnet: str, groups: Sequence[str]) -> str | None:
        role = self.role(region.account, content.get("taskRoleArn", ""))
        return self._mounts(region).problem(content, role=role, subnet=subnet, groups=groups)

    def gateway_runs(self, region: Region, content: Json) -> None:
        gateway = next((item for item in content["containerDefinitions"] if item["name"] == "gateway"), None)
        if gateway is not None:
            self._mounts(region).leave_mark(content, str(gateway["image"]))

    def log(self, region: Region, definition: Json, *, task: str, moment: Moment, date: float) -> None:
        text = text_of(definition["name"], moment, date)
        if text is not None:
            backend = self._world.backend("logs", region.account, region.name)
            write(backend, definition, task=task, text=text, date=date)

    def _mounts(self, region: Region) -> Mounts:
        def allows(role: Any, action: str, resource: str) -> bool:
            return self._denied(role, Ask(action, resource), region.name) is None

        return Mounts(self._stores, region.account, region.name, allows)

    def capacity_problem(self, region: Region, units: float) -> str | None:
        """Fargate's vCPU limit, where a test set one."""
        limit = self.quotas.get(VCPU_QUOTA)
        if limit is None:
            return None
        running = sum(float(task.definition.content["cpu"]) for task in region.tasks.values() if task.live)
        if (running + units) / UNITS_OF_A_VCPU <= limit:
            return None
        return "You've reached the limit on the number of vCPUs you can run concurrently."

    def network_problem(self, region: Region, subnets: list[str], groups: list[str]) -> str | None:
        ec2 = self._world.backend("ec2", region.account, region.name)
        known = {subnet for zone in ec2.subnets.values() for subnet in zone}
        for subnet in subnets:
            if subnet not in known:
                return (
                    f"Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist "
                    "(ErrorCode: InvalidSubnetID.NotFound)."
                )
        known = {group for vpc in ec2.groups.values() for group in vpc}
        for group in groups:
            if group not in known:
                return (
                    f"Error retrieving security group information for [{group}]: The security group '{group}' does "
                    "not exist (ErrorCode: InvalidGroup.NotFound)."
                )
        return None

    def balancer_problem(self, region: Region, content: Json, balancers: list[Json]) -> str | None:
        return self.balancing.problem(region, content, balancers)

    def target_seconds(self, region: Region, balancers: list[Json]) -> float:
        return self.balancing.seconds_until_healthy(region, balancers)

    def draining_seconds(self, region: Region, balancers: list[Json]) -> float:
        return self.balancing.deregistration_delay(region, balancers)

    def mark_target(self, balancers: list[Json], address: str, state: str | None) -> None:
        self.balancing.mark(balancers, address, state)

    def role_is_born(self, account: str, created: Json) -> None:
        """Remember when a role was made (parameters of CreateRole): with role_delay it cannot be passed at once."""
        arn = f"arn:aws:iam::{account}:role{created.get('Path', '/')}{created['RoleName']}"
        self.role_born[arn] = self._now()

    def role(self, account: str, arn: str) -> Any | None:
        """moto's role, or None."""
        found = find_role(self._world, arn)
        return found if found is not None and found.account_id == account else None

    def _denied(self, role: Any, ask: Ask, region: str) -> str | None:
        """AWS's words when a task's role may not do this, or None."""
        if role is None:
            return f"AccessDeniedException: User: anonymous is not authorized to perform: {ask.action}"
        who = Principal(f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/task", role)
        full = Ask(ask.action, ask.resource, {**who.context(region), **ask.context})
        decision = decide(rights_of(self._world, role), full)
        if decision.allowed:
            return None
        return (
            f"AccessDeniedException: User: {who.arn} is not authorized to perform: {ask.action} on resource: "
            f"{ask.resource} {decision.why}"
        )

    def _secret_problem(self, region: Region, role: Any, value_from: str) -> str | None:
        match = _SECRET_ARN.fullmatch(value_from)
        if match is None:
            return _PULL + "invalid ARN"
        arn, json_key = match[1], match[2]
        secrets = self._world.backend("secretsmanager", region.account, region.name).secrets
        secret = secrets.get(arn)
        if secret is None:
            return _PULL + "ResourceNotFoundException: Secrets Manager can't find the specified secret."
        problem = self._denied(role, Ask("secretsmanager:GetSecretValue", secret.arn), region.name)
        if problem is not None:
            return _PULL + problem
        if secret.deleted_date is not None:
            return _PULL + (
                "InvalidRequestException: You can't perform this operation on the secret because it was marked for "
                "deletion."
            )
        where = {"account": region.account, "region": region.name}
        for ask in through_key(self._world, secret.kms_key_id, ("kms:Decrypt",), **where):
            if self._denied(role, ask, region.name) is not None:
                return _PULL + "AccessDeniedException: Access to KMS is not allowed"
        return _value_problem(secret, json_key)

    def _log_problem(self, region: Region, role: Any, content: Json) -> str | None:
        logs = self._world.backend("logs", region.account, region.name)
        for container in content["containerDefinitions"]:
            configuration = container.get("logConfiguration", {})
            if configuration.get("logDriver") != "awslogs":
                continue
            options = configuration.get("options", {})
            name = options.get("awslogs-group", "")
            if name not in logs.groups:
                return _LOGGER + "ResourceNotFoundException: The specified log group does not exist."
            # Streams are called prefix/container/task (ECS developer guide, "awslogs-stream-prefix").
            stream = f"{options.get('awslogs-stream-prefix', container['name'])}/{container['name']}/{'0' * 32}"
            arn = f"arn:aws:logs:{region.name}:{region.account}:log-group:{name}:log-stream:{stream}"
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                problem = self._denied(role, Ask(action, arn), region.name)
                if problem is not None:
                    return _LOGGER + problem
        return None


def _value_problem(secret: Any, json_key: str | None) -> str | None:
    current = next(
        (version for version in secret.versions.values() if "AWSCURRENT" in version.get("version_stages", ())), None
    )
    if current is None:
        return _PULL + (
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: "
            "AWSCURRENT"
        )
    if not json_key:
        return None
    try:
        held = json.loads(current.get("secret_string") or "")
    except ValueError:
        held = None
    if not isinstance(held, dict) or not {json_key, ANY_KEY} & set(held):
        return _PULL + f"retrieved secret from Secrets Manager did not contain json key {json_key}"
    return None
