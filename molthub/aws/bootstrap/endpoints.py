"""VPC endpoints: ways to AWS's own services that do not lead through the internet.

The S3 gateway endpoint is always made: it costs nothing, and every layer of an ECR image and the environment's bucket
are read through it. Interface endpoints cost by the hour and the zone (about 7 USD a month each), so beside a NAT
gateway there are none: what passes them (secrets at start, log lines) costs cents through NAT.

Without NAT a Fargate task (platform 1.4) needs exactly these, each for the reason beside it. Not needed: `ecs` and its
agents (Fargate's own agent does not run in the VPC), `ssmmessages` (Molthub never switches ECS Exec on), `kms`
(Secrets Manager and EFS call it themselves), `elasticfilesystem` (mounting goes to the mount target in the VPC, NFS).
"""

from __future__ import annotations

from molthub.aws.bootstrap.network import subnets
from molthub.aws.bootstrap.parts import Json, Part, output, ref, resource
from molthub.manifest.environment import Nat
from molthub.provider.bootstrap import BaseSpec

INTERFACES: dict[str, tuple[str, str]] = {
    "EcrApi": ("ecr.api", "the image's manifest and its authorisation"),
    "EcrDocker": ("ecr.dkr", "pulling the image"),
    "Logs": ("logs", "the awslogs driver: without it no task starts"),
    "SecretsManager": ("secretsmanager", "the task's secrets, fetched at start: without it no task starts"),
    "BedrockRuntime": ("bedrock-runtime", "the model: the only one that can be reached without the internet"),
    "Sts": ("sts", "the Moltbot's own AWS calls under its task role, where they assume another one"),
}

NOWHERE = {
    "CidrIp": "127.0.0.1/32",
    "IpProtocol": "-1",
    "Description": "Nothing: without a rule AWS would allow everything",
}
HTTPS = 443


def endpoints(spec: BaseSpec) -> Part:
    """Nothing in an existing VPC: its endpoints are its owner's."""
    only = {"EndpointsOnly": output("true" if spec.nat is Nat.NONE else "false", "Whether there is no way but these")}
    if spec.vpc_id is not None:
        return Part({}, only)
    tables = [ref(f"PrivateRoutes{zone}") for zone in range(1, spec.zones + 1)]
    resources: Json = {
        "S3Endpoint": resource(
            "AWS::EC2::VPCEndpoint",
            VpcId=ref("Vpc"),
            VpcEndpointType="Gateway",
            ServiceName=_service("s3"),
            RouteTableIds=tables,
        )
    }
    if spec.nat is Nat.NONE:
        resources["EndpointGroup"] = _group(spec)
        resources |= {f"{name}Endpoint": _interface(spec, service) for name, (service, _) in INTERFACES.items()}
    return Part(resources, only)


def _service(name: str) -> str:
    return "com.amazonaws.${AWS::Region}." + name


def _interface(spec: BaseSpec, service: str) -> Json:
    return resource(
        "AWS::EC2::VPCEndpoint",
        VpcId=ref("Vpc"),
        VpcEndpointType="Interface",
        ServiceName=_service(service),
        SubnetIds=subnets(spec, "Private"),
        SecurityGroupIds=[ref("EndpointGroup")],
        PrivateDnsEnabled=True,
    )


def _group(spec: BaseSpec) -> Json:
    return resource(
        "AWS::EC2::SecurityGroup",
        GroupDescription="VPC endpoints: HTTPS from within the VPC",
        VpcId=ref("Vpc"),
        SecurityGroupIngress=[
            {
                "IpProtocol": "tcp",
                "FromPort": HTTPS,
                "ToPort": HTTPS,
                "CidrIp": spec.cidr,
                "Description": "Tasks of this VPC",
            }
        ],
        SecurityGroupEgress=[NOWHERE],
    )
