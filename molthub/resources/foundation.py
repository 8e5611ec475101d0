"""What an environment stands on: the shared things on AWS that its instances are put into.

`molthub bootstrap` makes them as one CloudFormation stack and the adapter reads them from its outputs; what the
Environment's manifest names itself (an existing cluster or VPC) goes before the stack's.
"""

from __future__ import annotations

from dataclasses import dataclass

FROM_STACK = "(from the stack)"
"""Stands in `render`'s output for what only the stack knows."""

GATE_PORT = 8080
"""Where a task's gate listens: what the load balancers' security groups open, and nothing else."""


@dataclass(frozen=True, slots=True)
class Listener:
    """The HTTPS listener of one shared load balancer.

    number         counts from 1, in the order the load balancers were made: instances fill them in this order
    arn            of the listener
    load_balancer  ARN
    dns_name       of the load balancer: what an instance's host points to
    zone_id        of the load balancer's own DNS zone, for alias records
    """

    number: int
    arn: str
    load_balancer: str
    dns_name: str
    zone_id: str


@dataclass(frozen=True, slots=True)
class Foundation:
    """The shared things. None and () are "there is none": what needs it is then Blocked, with the way to get it.

    cluster         name of the ECS cluster
    vpc_id, subnet_ids  where tasks run; private subnets
    stack           name of the stack it was read from
    boundary        ARN of the permissions boundary that every role of an instance carries
    kms_key         ARN of the customer key for secrets, file systems and backups
    bucket          name of the bucket with lease and published status
    state_clients   id of the security group that tasks with a file system join (it may reach state_servers' NFS)
    state_servers   id of the security group of every file system's mount targets
    backup_vault, backup_role  name of the AWS Backup vault; ARN of the role that backs up and restores
    gate_members    id of the security group that tasks with a gate join (the load balancers may reach its port)
    listeners       of the shared load balancers, by number
    endpoints_only  no NAT: only what a VPC endpoint serves can be reached
    """

    cluster: str
    vpc_id: str
    subnet_ids: tuple[str, ...]
    stack: str | None = None
    boundary: str | None = None
    kms_key: str | None = None
    bucket: str | None = None
    state_clients: str | None = None
    state_servers: str | None = None
    backup_vault: str | None = None
    backup_role: str | None = None
    gate_members: str | None = None
    listeners: tuple[Listener, ...] = ()
    endpoints_only: bool = False
