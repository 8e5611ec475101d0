"""The VPC: private subnets for tasks, public ones only where NAT or load balancers stand, and a record of the traffic.

Addresses: the range is cut into eight equal blocks; the first four are the zones' private subnets, the last four the
public ones, so that neither another zone nor another way out ever moves a subnet that exists.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from molthub.aws.bootstrap.parts import Json, Part, attribute, named, output, policy, ref, resource, trust
from molthub.manifest.environment import Nat
from molthub.provider.bootstrap import BaseSpec
from molthub.resources.identity import EnvironmentNames

BLOCKS_BITS = 3
FIRST_PUBLIC = 4
FLOW_LOG_SECONDS = 600


def network(spec: BaseSpec, names: EnvironmentNames) -> Part:
    """The whole network, or nothing of it where the Environment names an existing VPC."""
    if spec.vpc_id is not None:
        outputs = {
            "VpcId": output(spec.vpc_id, "The VPC that tasks run in"),
            "SubnetIds": output(",".join(spec.subnet_ids), "Private subnets for tasks"),
        }
        return Part({}, outputs)
    resources: Json = {"Vpc": _vpc(spec, names)}
    for zone in range(1, spec.zones + 1):
        resources |= _private(spec, names, zone)
    if public_zones(spec):
        resources |= _way_out(names)
    for zone in range(1, public_zones(spec) + 1):
        resources |= _public(spec, names, zone)
    for zone in range(1, nat_zones(spec) + 1):
        resources |= _nat(names, zone)
    return Part(resources | _flow_logs(spec, names), _outputs(spec))


def public_zones(spec: BaseSpec) -> int:
    """In how many zones there is a public subnet: a load balancer wants every zone, a NAT gateway its own."""
    if spec.vpc_id is not None:
        return 0
    return spec.zones if spec.ingress is not None else nat_zones(spec)


def nat_zones(spec: BaseSpec) -> int:
    """How many NAT gateways there are."""
    return {Nat.SINGLE: 1, Nat.PER_ZONE: spec.zones, Nat.NONE: 0}[spec.nat] if spec.vpc_id is None else 0


def subnets(spec: BaseSpec, kind: str) -> list[Any]:
    """References to the `Private` or `Public` subnets."""
    count = spec.zones if kind == "Private" else public_zones(spec)
    return [ref(f"{kind}Subnet{zone}") for zone in range(1, count + 1)]


def _vpc(spec: BaseSpec, names: EnvironmentNames) -> Json:
    return resource(
        "AWS::EC2::VPC",
        CidrBlock=spec.cidr,
        EnableDnsSupport=True,
        EnableDnsHostnames=True,  # private names of endpoints and of file systems' mount targets
        Tags=named(names.stack),
    )


def _block(spec: BaseSpec, index: int) -> str:
    return str(list(ipaddress.ip_network(spec.cidr).subnets(prefixlen_diff=BLOCKS_BITS))[index])


def _subnet(spec: BaseSpec, name: str, zone: int, block: int) -> Json:
    return resource(
        "AWS::EC2::Subnet",
        VpcId=ref("Vpc"),
        AvailabilityZone={"Fn::Select": [zone - 1, {"Fn::GetAZs": ""}]},
        CidrBlock=_block(spec, block),
        MapPublicIpOnLaunch=False,
        Tags=named(name),
    )


def _private(spec: BaseSpec, names: EnvironmentNames, zone: int) -> Json:
    """A route table for each zone, also with one NAT gateway: changing the way out then changes routes, not tables."""
    found: Json = {
        f"PrivateSubnet{zone}": _subnet(spec, f"{names.stack}-private-{zone}", zone, zone - 1),
        f"PrivateRoutes{zone}": resource(
            "AWS::EC2::RouteTable", VpcId=ref("Vpc"), Tags=named(f"{names.stack}-private-{zone}")
        ),
        f"PrivateSubnetRoutes{zone}": _association(f"PrivateSubnet{zone}", f"PrivateRoutes{zone}"),
    }
    if nat_zones(spec):
        found[f"PrivateWayOut{zone}"] = resource(
            "AWS::EC2::Route",
            RouteTableId=ref(f"PrivateRoutes{zone}"),
            DestinationCidrBlock="0.0.0.0/0",
            NatGatewayId=ref(f"NatGateway{min(zone, nat_zones(spec))}"),
        )
    return found


def _association(subnet: str, table: str) -> Json:
    return resource("AWS::EC2::SubnetRouteTableAssociation", SubnetId=ref(subnet), RouteTableId=ref(table))


def _way_out(names: EnvironmentNames) -> Json:
    return {
        "InternetGateway": resource("AWS::EC2::InternetGateway", Tags=named(names.stack)),
        "InternetGatewayInVpc": resource(
            "AWS::EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("InternetGateway")
        ),
        "PublicRoutes": resource("AWS::EC2::RouteTable", VpcId=ref("Vpc"), Tags=named(f"{names.stack}-public")),
        "PublicWayOut": resource(
            "AWS::EC2::Route",
            after="InternetGatewayInVpc",
            RouteTableId=ref("PublicRoutes"),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=ref("InternetGateway"),
        ),
    }


def _public(spec: BaseSpec, names: EnvironmentNames, zone: int) -> Json:
    return {
        f"PublicSubnet{zone}": _subnet(spec, f"{names.stack}-public-{zone}", zone, FIRST_PUBLIC + zone - 1),
        f"PublicSubnetRoutes{zone}": _association(f"PublicSubnet{zone}", "PublicRoutes"),
    }


def _nat(names: EnvironmentNames, zone: int) -> Json:
    return {
        f"NatAddress{zone}": resource(
            "AWS::EC2::EIP", after="InternetGatewayInVpc", Domain="vpc", Tags=named(f"{names.stack}-nat-{zone}")
        ),
        f"NatGateway{zone}": resource(
            "AWS::EC2::NatGateway",
            after="PublicWayOut",
            SubnetId=ref(f"PublicSubnet{zone}"),
            AllocationId=attribute(f"NatAddress{zone}", "AllocationId"),
            Tags=named(f"{names.stack}-{zone}"),
        ),
    }


def _flow_logs(spec: BaseSpec, names: EnvironmentNames) -> Json:
    """Who talked to whom, kept as long as the environment's logs."""
    own = "arn:${AWS::Partition}:logs:" + f"{spec.region}:{spec.account_id}:log-group:{flow_log_group(spec, names)}"
    return {
        "FlowLogs": resource(
            "AWS::Logs::LogGroup",
            keep=True,
            LogGroupName=flow_log_group(spec, names),
            KmsKeyId=attribute("Key", "Arn"),
            RetentionInDays=spec.retention_days,
        ),
        "FlowLogRole": resource(
            "AWS::IAM::Role",
            Path=names.role_path,
            PermissionsBoundary=ref("Boundary"),
            AssumeRolePolicyDocument=trust(
                "vpc-flow-logs.amazonaws.com", StringEquals={"aws:SourceAccount": spec.account_id}
            ),
            Policies=[
                {
                    "PolicyName": "write",
                    "PolicyDocument": policy(
                        {
                            "Effect": "Allow",
                            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                            "Resource": [own, f"{own}:*"],
                        },
                        {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
                    ),
                }
            ],
        ),
        "FlowLog": resource(
            "AWS::EC2::FlowLog",
            ResourceId=ref("Vpc"),
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=ref("FlowLogs"),
            DeliverLogsPermissionArn=attribute("FlowLogRole", "Arn"),
            MaxAggregationInterval=FLOW_LOG_SECONDS,
        ),
    }


def flow_log_group(spec: BaseSpec, names: EnvironmentNames) -> str:
    return f"/molthub/{spec.fleet}/base/{names.stack}/flow"


def _outputs(spec: BaseSpec) -> Json:
    found = {
        "VpcId": output(ref("Vpc"), "The VPC that tasks run in"),
        "SubnetIds": output({"Fn::Join": [",", subnets(spec, "Private")]}, "Private subnets for tasks"),
        "DefaultGroup": output(attribute("Vpc", "DefaultSecurityGroup"), "Emptied by bootstrap; nothing uses it"),
    }
    if nat_zones(spec):
        addresses = [ref(f"NatAddress{zone}") for zone in range(1, nat_zones(spec) + 1)]
        found["NatAddresses"] = output({"Fn::Join": [",", addresses]}, "From where Moltbots reach the internet")
    return found
