"""What docs/operating.md says somebody did in AWS's console, behind Molthub's back. With plain boto3, on any AWS."""

from __future__ import annotations

from typing import Any


def inbound(ec2: Any, *, fleet: str, instance: str) -> list[int]:
    """The ports that the security group of one instance lets in."""
    return sorted(rule["FromPort"] for rule in _group(ec2, fleet, instance)["IpPermissions"])


def open_port(ec2: Any, port: int, *, fleet: str, instance: str) -> None:
    """To the whole internet."""
    ec2.authorize_security_group_ingress(
        GroupId=_group(ec2, fleet, instance)["GroupId"],
        IpProtocol="tcp",
        FromPort=port,
        ToPort=port,
        CidrIp="0.0.0.0/0",
    )


def _group(ec2: Any, fleet: str, instance: str) -> dict[str, Any]:
    wanted = [{"Name": "tag:molthub:fleet", "Values": [fleet]}, {"Name": "tag:molthub:instance", "Values": [instance]}]
    (found,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    return dict(found)
