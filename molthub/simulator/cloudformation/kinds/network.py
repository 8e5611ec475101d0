"""AWS::EC2: the network."""

from __future__ import annotations

from typing import Any

from molthub.simulator.cloudformation.calling import Caller
from molthub.simulator.cloudformation.kinds.kind import Json, Kind, Made, Wanted
from molthub.simulator.cloudformation.state import Resource

NAT_SECONDS = 90.0
ENDPOINT_SECONDS = 45.0


def _tagged(kind: str, wanted: Wanted) -> list[Json]:
    return [{"ResourceType": kind, "Tags": wanted.tag_list}] if wanted.tags else []


def _retag(call: Caller, held: Resource, wanted: Wanted) -> None:
    call("ec2", "CreateTags", Resources=[held.id], Tags=wanted.tag_list)


def _create_vpc(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    vpc_id = call("ec2", "CreateVpc", CidrBlock=given["CidrBlock"], TagSpecifications=_tagged("vpc", wanted))["Vpc"][
        "VpcId"
    ]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in given:
            call("ec2", "ModifyVpcAttribute", VpcId=vpc_id, **{name: {"Value": given[name]}})
    groups = call(
        "ec2",
        "DescribeSecurityGroups",
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": ["default"]}],
    )["SecurityGroups"]
    return vpc_id, {"VpcId": vpc_id, "DefaultSecurityGroup": groups[0]["GroupId"], "CidrBlock": given["CidrBlock"]}


def _create_subnet(call: Caller, wanted: Wanted) -> Made:
    given = {key: wanted.properties[key] for key in ("VpcId", "CidrBlock", "AvailabilityZone")}
    subnet_id = call("ec2", "CreateSubnet", **given, TagSpecifications=_tagged("subnet", wanted))["Subnet"]["SubnetId"]
    public = bool(wanted.properties.get("MapPublicIpOnLaunch"))
    call("ec2", "ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": public})
    return subnet_id, {"SubnetId": subnet_id}


def _create_table(call: Caller, wanted: Wanted) -> Made:
    answer = call(
        "ec2",
        "CreateRouteTable",
        VpcId=wanted.properties["VpcId"],
        TagSpecifications=_tagged("route-table", wanted),
    )
    table_id = answer["RouteTable"]["RouteTableId"]
    return table_id, {"RouteTableId": table_id}


def _associate(call: Caller, wanted: Wanted) -> Made:
    found = call("ec2", "AssociateRouteTable", **wanted.properties)["AssociationId"]
    return found, {"Id": found}


def _create_gateway(call: Caller, wanted: Wanted) -> Made:
    answer = call("ec2", "CreateInternetGateway", TagSpecifications=_tagged("internet-gateway", wanted))
    gateway_id = answer["InternetGateway"]["InternetGatewayId"]
    return gateway_id, {"InternetGatewayId": gateway_id}


def _attach(call: Caller, wanted: Wanted) -> Made:
    call("ec2", "AttachInternetGateway", **wanted.properties)
    return f"IGW|{wanted.properties['VpcId']}", {}


def _detach(call: Caller, held: Resource) -> None:
    call("ec2", "DetachInternetGateway", **held.properties)


def _create_route(call: Caller, wanted: Wanted) -> Made:
    call("ec2", "CreateRoute", **wanted.properties)
    return f"{wanted.properties['RouteTableId']}|{wanted.properties['DestinationCidrBlock']}", {}


def _update_route(call: Caller, _held: Resource, wanted: Wanted) -> None:
    call("ec2", "ReplaceRoute", **wanted.properties)


def _delete_route(call: Caller, held: Resource) -> None:
    kept = {key: held.properties[key] for key in ("RouteTableId", "DestinationCidrBlock")}
    call("ec2", "DeleteRoute", **kept)


def _create_address(call: Caller, wanted: Wanted) -> Made:
    answer = call("ec2", "AllocateAddress", Domain="vpc", TagSpecifications=_tagged("elastic-ip", wanted))
    return answer["PublicIp"], {"AllocationId": answer["AllocationId"], "PublicIp": answer["PublicIp"]}


def _release(call: Caller, held: Resource) -> None:
    call("ec2", "ReleaseAddress", AllocationId=held.attributes["AllocationId"])


def _create_nat(call: Caller, wanted: Wanted) -> Made:
    given = {key: wanted.properties[key] for key in ("SubnetId", "AllocationId")}
    answer = call("ec2", "CreateNatGateway", **given, TagSpecifications=_tagged("natgateway", wanted))
    nat_id = answer["NatGateway"]["NatGatewayId"]
    return nat_id, {"NatGatewayId": nat_id}


def _create_endpoint(call: Caller, wanted: Wanted) -> Made:
    answer = call("ec2", "CreateVpcEndpoint", **wanted.properties, TagSpecifications=_tagged("vpc-endpoint", wanted))
    endpoint_id = answer["VpcEndpoint"]["VpcEndpointId"]
    return endpoint_id, {"Id": endpoint_id}


def _update_endpoint(call: Caller, held: Resource, wanted: Wanted) -> None:
    changes: Json = {}
    for name, plural in (("RouteTableIds", "RouteTableIds"), ("SubnetIds", "SubnetIds")):
        before, after = set(held.properties.get(name, ())), set(wanted.properties.get(name, ()))
        if after - before:
            changes[f"Add{plural}"] = sorted(after - before)
        if before - after:
            changes[f"Remove{plural}"] = sorted(before - after)
    if changes:
        call("ec2", "ModifyVpcEndpoint", VpcEndpointId=held.id, **changes)


def _create_flow_log(call: Caller, wanted: Wanted) -> Made:
    given = dict(wanted.properties)
    answer = call(
        "ec2",
        "CreateFlowLogs",
        ResourceIds=[given.pop("ResourceId")],
        TagSpecifications=_tagged("vpc-flow-log", wanted),
        **given,
    )
    if answer.get("Unsuccessful"):
        raise ValueError(str(answer["Unsuccessful"][0]["Error"]))
    return answer["FlowLogIds"][0], {"Id": answer["FlowLogIds"][0]}


def _by(operation: str, parameter: str) -> Any:
    """A Delete that takes the id and nothing else."""

    def delete(call: Caller, held: Resource) -> None:
        call("ec2", operation, **{parameter: held.id})

    return delete


def _by_list(operation: str, parameter: str) -> Any:
    def delete(call: Caller, held: Resource) -> None:
        call("ec2", operation, **{parameter: [held.id]})

    return delete


KINDS: dict[str, Kind] = {
    "AWS::EC2::VPC": Kind(_create_vpc, _by("DeleteVpc", "VpcId"), _retag, frozenset({"CidrBlock"}), 8),
    "AWS::EC2::Subnet": Kind(
        _create_subnet,
        _by("DeleteSubnet", "SubnetId"),
        _retag,
        frozenset({"AvailabilityZone", "CidrBlock", "VpcId"}),
    ),
    "AWS::EC2::RouteTable": Kind(_create_table, _by("DeleteRouteTable", "RouteTableId"), _retag, frozenset({"VpcId"})),
    "AWS::EC2::SubnetRouteTableAssociation": Kind(
        _associate,
        _by("DisassociateRouteTable", "AssociationId"),
        fixed=frozenset({"RouteTableId", "SubnetId"}),
    ),
    "AWS::EC2::InternetGateway": Kind(_create_gateway, _by("DeleteInternetGateway", "InternetGatewayId"), _retag),
    "AWS::EC2::VPCGatewayAttachment": Kind(_attach, _detach, fixed=frozenset({"VpcId"})),
    "AWS::EC2::Route": Kind(
        _create_route,
        _delete_route,
        _update_route,
        frozenset({"DestinationCidrBlock", "RouteTableId"}),
    ),
    "AWS::EC2::EIP": Kind(_create_address, _release, _retag, frozenset({"Address", "NetworkBorderGroup"})),
    "AWS::EC2::NatGateway": Kind(
        _create_nat,
        _by("DeleteNatGateway", "NatGatewayId"),
        _retag,
        frozenset({"AllocationId", "SubnetId", "ConnectivityType", "VpcId"}),
        NAT_SECONDS,
    ),
    "AWS::EC2::VPCEndpoint": Kind(
        _create_endpoint,
        _by_list("DeleteVpcEndpoints", "VpcEndpointIds"),
        _update_endpoint,
        frozenset({"ServiceName", "VpcEndpointType", "VpcId"}),
        ENDPOINT_SECONDS,
    ),
    "AWS::EC2::FlowLog": Kind(
        _create_flow_log,
        _by_list("DeleteFlowLogs", "FlowLogIds"),
        fixed=frozenset(
            {"DeliverLogsPermissionArn", "LogDestinationType", "LogGroupName", "MaxAggregationInterval"}
            | {"ResourceId", "ResourceType", "TrafficType"}
        ),
    ),
}
