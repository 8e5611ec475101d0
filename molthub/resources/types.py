"""One frozen type per AWS object that an instance becomes.

Every field here is something Molthub sets, sees drift in, and puts right. What AWS keeps beside that (ids,
ARNs, counts, dates, events) is not part of these types: see `observation.py`.

Conventions: `Pairs` and tuples documented as unordered are kept sorted by `normalise()`; "" and None differ;
`unmanaged` holds settings found on AWS that Molthub never sets (path, JSON), always () on the desired side,
so that a foreign setting shows as drift instead of hiding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Pairs = tuple[tuple[str, str], ...]
"""A sorted mapping of strings, hashable."""


class Kind(StrEnum):
    """The kinds of resource, in the order they are created; deletion goes the other way."""

    LOG_GROUP = "log-group"
    SECRET = "secret"  # noqa: S105 - the name of a kind, not a secret
    SECURITY_GROUP = "security-group"
    FILE_SYSTEM = "file-system"
    TASK_ROLE = "task-role"
    EXECUTION_ROLE = "execution-role"
    TARGET_GROUP = "target-group"
    LISTENER_RULE = "listener-rule"
    DNS_RECORD = "dns-record"
    TASK_DEFINITION = "task-definition"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A CloudWatch log group. retention_days: one of the values CloudWatch allows; None keeps for ever."""

    name: str
    retention_days: int | None
    tags: Pairs = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that Molthub itself makes (the gateway token). Its value is written once and never read."""

    name: str
    description: str
    kms_key: str | None = None
    tags: Pairs = ()


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One security-group rule. protocol "-1" is all, ports None then. peer: a CIDR, a group id or a prefix list."""

    protocol: str
    from_port: int | None
    to_port: int | None
    peer: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """The instance's own security group; ingress and egress unordered. name, description, VPC are immutable."""

    name: str
    description: str
    vpc_id: str
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
    tags: Pairs = ()


class Step(StrEnum):
    """What is done to an instance's state beside making resources."""

    BACKUP = "backup"
    RESTORE = "restore"
    RETIRED = "retired-file-systems"


FINAL = "deleted"
"""As `Backup.before`: the backup before the file system goes."""

BY_HAND = "hand "
"""How `Backup.before` begins of one that a person made; when it was asked for follows."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of an instance's stopped state, by a recovery point that says what it was made of and before what.

    file_system  name; vault (name) and role (ARN) are AWS Backup's
    of, before   fingerprints of the definition in service and of the one that is to come (or FINAL)
    required     without it nothing goes on; otherwise its failure is told and passed over
    service      name of the service that must have no running task; "": whatever runs
    """

    file_system: str
    vault: str
    role: str
    of: str
    before: str
    service: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Restore:
    """A new file system from a recovery point, put in the place of the active one, which is retired.

    wanted      what the new one is to be
    of, before  the pair by which the recovery point is found, the newest of several; point: its ARN instead
    """

    wanted: FileSystem
    vault: str
    role: str
    of: str = ""
    before: str = ""
    point: str | None = None


@dataclass(frozen=True, slots=True)
class Retired:
    """The file systems of this name that restores took the place of, to be deleted."""

    file_system: str


@dataclass(frozen=True, slots=True, order=True)
class AccessPoint:
    """A directory of a file system that is made when it is first used and entered as one user only. Immutable."""

    name: str
    path: str
    uid: int = 1000
    gid: int = 1000
    mode: str = "0700"


@dataclass(frozen=True, slots=True)
class FileSystem:
    """The file system that holds an instance's state. name, key, encryption and performance mode are immutable.

    policy           canonical JSON text (`canonical_policy`); names the file system itself as `${file-system:NAME}`
    subnets          where its mount targets are, security_groups (ids) what may reach them; unordered
    throughput       `elastic`, `bursting` or `provisioned`

    By name there is one, and many there may be on AWS: a restore makes a new one. The tag `molthub:state` says which
    is active; the others are retired and no part of the desired state (docs/adr/0011).
    """

    name: str
    kms_key: str | None
    policy: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    access_points: tuple[AccessPoint, ...] = ()
    encrypted: bool = True
    performance: str = "generalPurpose"
    throughput: str = "elastic"
    tags: Pairs = ()


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role. Policy documents are canonical JSON text (`canonical_policy`); path is immutable.

    A policy names a secret as `${secret:NAME}`: the ARN carries six characters only AWS knows. Likewise
    `${file-system:NAME}` is the ARN of the active file system of that name.
    """

    name: str
    path: str
    description: str
    trust: str
    inline_policies: Pairs = ()
    attached_policies: tuple[str, ...] = ()
    permissions_boundary: str | None = None
    max_session_seconds: int = 3600
    tags: Pairs = ()


@dataclass(frozen=True, slots=True, order=True)
class Mount:
    """A volume of the task mounted into one container."""

    volume: str
    path: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, order=True)
class FileVolume:
    """A volume that is a directory of a file system (by name), entered through an access point (by name) or as root.

    A file system or an access point that is not the active one's is shown by its id.
    """

    name: str
    file_system: str
    access_point: str | None = None
    root_directory: str = "/"
    transit_encryption: bool = True
    iam: bool = True


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A container health check; times in seconds. command as ECS has it: ("CMD-SHELL", "…") or ("CMD", …)."""

    command: tuple[str, ...]
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    start_period: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Tmpfs:
    """An in-memory file system of one container."""

    path: str
    size_mib: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A container port; under awsvpc the host port is the same."""

    port: int
    protocol: str = "tcp"


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a task definition. Unordered: environment, secrets, mounts, labels, depends_on, ports.

    secrets     environment variable → `${secret:NAME}`, `${secret:NAME}:jsonKey::` or a full ARN in that form
    depends_on  container → condition (START, COMPLETE, SUCCESS, HEALTHY)
    """

    name: str
    image: str
    essential: bool = True
    user: str | None = None
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    working_directory: str | None = None
    environment: Pairs = ()
    secrets: Pairs = ()
    mounts: tuple[Mount, ...] = ()
    ports: tuple[Port, ...] = ()
    depends_on: Pairs = ()
    labels: Pairs = ()
    health_check: HealthCheck | None = None
    readonly_root: bool = False
    privileged: bool = False
    init_process: bool = False
    capabilities_add: tuple[str, ...] = ()
    capabilities_drop: tuple[str, ...] = ()
    tmpfs: tuple[Tmpfs, ...] = ()
    cpu: int = 0
    memory: int | None = None
    memory_reservation: int | None = None
    start_timeout: int | None = None
    stop_timeout: int | None = None
    log_driver: str | None = None
    log_options: Pairs = ()
    unmanaged: Pairs = ()


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """A Fargate task definition, without its revision number. Immutable: any change is a new revision.

    Roles are named, not ARNs. volumes: names of empty (ephemeral) volumes; file_volumes: those that stay;
    both unordered. cpu in CPU units,
    memory in MiB. A revision's own tags are written at registration and never compared: the revision is
    read once and cached by ARN.
    """

    family: str
    cpu: int
    memory: int
    architecture: str
    task_role: str
    execution_role: str
    containers: tuple[Container, ...]
    volumes: tuple[str, ...] = ()
    file_volumes: tuple[FileVolume, ...] = ()
    operating_system: str = "LINUX"
    network_mode: str = "awsvpc"
    compatibilities: tuple[str, ...] = ("FARGATE",)
    ephemeral_storage_gib: int | None = None
    unmanaged: Pairs = ()


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group of a load balancer: where requests go, and how the load balancer asks for health.

    name, vpc_id, protocol, protocol_version, port and target_type are immutable. Times in seconds. matcher: HTTP codes
    that mean healthy. deregistration_delay: how long a target that goes may finish what it has begun.
    """

    name: str
    vpc_id: str
    port: int
    health_path: str
    protocol: str = "HTTP"
    protocol_version: str = "HTTP1"
    target_type: str = "ip"
    health_enabled: bool = True
    health_protocol: str = "HTTP"
    health_port: str = "traffic-port"
    health_interval: int = 10
    health_timeout: int = 5
    healthy_threshold: int = 2
    unhealthy_threshold: int = 3
    matcher: str = "200"
    deregistration_delay: int = 10
    tags: Pairs = ()
    unmanaged: Pairs = ()


@dataclass(frozen=True, slots=True)
class ListenerRule:
    """What a shared listener lets through to one instance: host, methods and exact paths; everything else is refused
    by the listener itself.

    name is that of the instance's target group; a rule has none on AWS. listener: ARN, immutable. hosts, methods, paths
    unordered, and at most five values together (AWS's limit). target_groups: names; one is what Molthub makes. A rule's
    priority is the adapter's: no two rules of Molthub's match the same request, so their order means nothing.
    """

    name: str
    listener: str
    hosts: tuple[str, ...]
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    target_groups: tuple[str, ...]
    tags: Pairs = ()
    unmanaged: Pairs = ()


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A host name in a Route 53 zone, an alias of the load balancer. name (the host) and zone (its id) are immutable.

    target, target_zone: DNS name and zone of the load balancer. owner: the identity in a TXT record beside it, for
    records have no tags.
    """

    name: str
    zone: str
    target: str
    target_zone: str
    owner: str
    type: str = "A"
    evaluate_health: bool = False


@dataclass(frozen=True, slots=True, order=True)
class LoadBalancer:
    """Where a service registers its tasks: target group (by name), container and its port."""

    target_group: str
    container: str
    port: int


@dataclass(frozen=True, slots=True)
class Service:
    """An ECS service. task_definition is the fingerprint of the definition's content, not an ARN.

    cluster, name, launch_type and scheduling are immutable. subnets, security_groups (by name; by id those
    that instances share) and load_balancers unordered.
    """

    name: str
    cluster: str
    task_definition: str
    desired_count: int
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    load_balancers: tuple[LoadBalancer, ...] = ()
    assign_public_ip: bool = False
    launch_type: str = "FARGATE"
    capacity_providers: tuple[str, ...] = ()
    platform_version: str = "LATEST"
    scheduling: str = "REPLICA"
    minimum_healthy_percent: int = 0
    maximum_percent: int = 100
    breaker_enabled: bool = True
    breaker_rollback: bool = True
    breaker_threshold: int | None = 2
    breaker_reset_on_healthy: bool = False
    az_rebalancing: str = "DISABLED"
    enable_execute_command: bool = False
    enable_managed_tags: bool = True
    propagate_tags: str = "SERVICE"
    health_check_grace_seconds: int | None = None
    tags: Pairs = ()
    unmanaged: Pairs = ()


Resource = (
    LogGroup
    | Secret
    | SecurityGroup
    | FileSystem
    | Role
    | TargetGroup
    | ListenerRule
    | DnsRecord
    | TaskDefinition
    | Service
)


@dataclass(frozen=True, slots=True)
class ResourceSet:
    """All of one instance, desired or observed; None is "there is none"."""

    log_group: LogGroup | None = None
    secret: Secret | None = None
    security_group: SecurityGroup | None = None
    file_system: FileSystem | None = None
    task_role: Role | None = None
    execution_role: Role | None = None
    target_group: TargetGroup | None = None
    listener_rule: ListenerRule | None = None
    dns_record: DnsRecord | None = None
    task_definition: TaskDefinition | None = None
    service: Service | None = None

    def get(self, kind: Kind) -> Resource | None:
        resource: Resource | None = getattr(self, kind.name.lower())
        return resource

    @property
    def is_empty(self) -> bool:
        return all(self.get(kind) is None for kind in Kind)
