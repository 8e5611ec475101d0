"""AWS::ElasticLoadBalancingV2 and AWS::WAFv2."""

from __future__ import annotations

from molthub.simulator.cloudformation.calling import Caller
from molthub.simulator.cloudformation.kinds.kind import Json, Kind, Made, Wanted
from molthub.simulator.cloudformation.state import Resource

BALANCER_SECONDS = 120.0
BALANCER_NAME = 32


def _create_balancer(call: Caller, wanted: Wanted) -> Made:
    given = {key: value for key, value in wanted.properties.items() if key != "LoadBalancerAttributes"}
    given.setdefault("Name", wanted.generated(BALANCER_NAME))
    made = call("elbv2", "CreateLoadBalancer", **given, Tags=wanted.tag_list)["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    _set_attributes(call, arn, wanted)
    return arn, {
        "DNSName": made["DNSName"],
        "CanonicalHostedZoneID": made["CanonicalHostedZoneId"],
        "LoadBalancerArn": arn,
        "LoadBalancerFullName": arn.rpartition("loadbalancer/")[2],
    }


def _set_attributes(call: Caller, arn: str, wanted: Wanted) -> None:
    attributes = wanted.properties.get("LoadBalancerAttributes", [])
    if attributes:
        call("elbv2", "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=attributes)


def _update_balancer(call: Caller, held: Resource, wanted: Wanted) -> None:
    _set_attributes(call, held.id, wanted)
    if wanted.properties["Subnets"] != held.properties["Subnets"]:
        call("elbv2", "SetSubnets", LoadBalancerArn=held.id, Subnets=wanted.properties["Subnets"])
    if wanted.properties["SecurityGroups"] != held.properties["SecurityGroups"]:
        groups = wanted.properties["SecurityGroups"]
        call("elbv2", "SetSecurityGroups", LoadBalancerArn=held.id, SecurityGroups=groups)
    call("elbv2", "AddTags", ResourceArns=[held.id], Tags=wanted.tag_list)


def _delete_balancer(call: Caller, held: Resource) -> None:
    call("elbv2", "DeleteLoadBalancer", LoadBalancerArn=held.id)


def _create_listener(call: Caller, wanted: Wanted) -> Made:
    made = call("elbv2", "CreateListener", **wanted.properties)["Listeners"][0]
    return made["ListenerArn"], {"ListenerArn": made["ListenerArn"]}


def _update_listener(call: Caller, held: Resource, wanted: Wanted) -> None:
    given = {key: value for key, value in wanted.properties.items() if key != "LoadBalancerArn"}
    call("elbv2", "ModifyListener", ListenerArn=held.id, **given)


def _delete_listener(call: Caller, held: Resource) -> None:
    call("elbv2", "DeleteListener", ListenerArn=held.id)


def _create_acl(call: Caller, wanted: Wanted) -> Made:
    name = wanted.properties.get("Name", wanted.generated(128))
    made = call("wafv2", "CreateWebACL", **{**wanted.properties, "Name": name}, Tags=wanted.tag_list)["Summary"]
    return f"{name}|{made['Id']}|REGIONAL", {"Arn": made["ARN"], "Id": made["Id"]}


def _update_acl(call: Caller, held: Resource, wanted: Wanted) -> None:
    name, acl_id, scope = held.id.split("|")
    token = call("wafv2", "GetWebACL", Name=name, Scope=scope, Id=acl_id)["LockToken"]
    given: Json = {key: value for key, value in wanted.properties.items() if key not in {"Name", "Scope"}}
    call("wafv2", "UpdateWebACL", Name=name, Scope=scope, Id=acl_id, LockToken=token, **given)


def _delete_acl(call: Caller, held: Resource) -> None:
    name, acl_id, scope = held.id.split("|")
    token = call("wafv2", "GetWebACL", Name=name, Scope=scope, Id=acl_id)["LockToken"]
    call("wafv2", "DeleteWebACL", Name=name, Scope=scope, Id=acl_id, LockToken=token)


def _associate(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    call("wafv2", "AssociateWebACL", WebACLArn=given["WebACLArn"], ResourceArn=given["ResourceArn"])
    return f"{given['WebACLArn']}|{given['ResourceArn']}", {}


def _disassociate(call: Caller, held: Resource) -> None:
    call("wafv2", "DisassociateWebACL", ResourceArn=held.properties["ResourceArn"])


KINDS: dict[str, Kind] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Kind(
        _create_balancer,
        _delete_balancer,
        _update_balancer,
        frozenset({"Name", "Scheme", "Type"}),
        BALANCER_SECONDS,
    ),
    "AWS::ElasticLoadBalancingV2::Listener": Kind(
        _create_listener, _delete_listener, _update_listener, frozenset({"LoadBalancerArn"})
    ),
    "AWS::WAFv2::WebACL": Kind(_create_acl, _delete_acl, _update_acl, frozenset({"Name", "Scope"}), 10),
    "AWS::WAFv2::WebACLAssociation": Kind(_associate, _disassociate, fixed=frozenset({"ResourceArn", "WebACLArn"})),
}
