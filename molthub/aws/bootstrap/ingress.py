"""Shared load balancers for Moltbots with a webhook: TLS only, everything refused until an instance adds its rule."""

from __future__ import annotations

from typing import Any

from molthub.aws.bootstrap.endpoints import HTTPS, NOWHERE
from molthub.aws.bootstrap.network import subnets
from molthub.aws.bootstrap.parts import Json, Part, attribute, output, ref, resource
from molthub.aws.foundation import LISTENER_SEPARATOR
from molthub.provider.bootstrap import BaseSpec, IngressSpec
from molthub.resources.foundation import GATE_PORT

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.2 with forward secrecy and authenticated ciphers only, and 1.3 (ELB documentation, "Security policies")."""

WINDOW_SECONDS = 300

ATTRIBUTES = {
    "routing.http.drop_invalid_header_fields.enabled": "true",
    "routing.http.desync_mitigation_mode": "strictest",
}


def ingress(spec: BaseSpec) -> Part:
    """Nothing where the Environment has no `ingress`."""
    wanted = spec.ingress
    if wanted is None:
        return Part()
    resources, outputs = _groups(spec, wanted), {}
    outputs["GateMembers"] = output(attribute("GateMembers", "GroupId"), "Group of tasks with a gate")
    for number in range(1, wanted.load_balancers + 1):
        resources |= _balancer(spec, wanted, number)
        outputs |= _outputs(number)
    if wanted.requests_per_five_minutes is not None:
        resources |= _web_acl(wanted)
    return Part(resources, outputs)


def _groups(spec: BaseSpec, wanted: IngressSpec) -> Json:
    vpc = spec.vpc_id or ref("Vpc")
    gate: Json = {"IpProtocol": "tcp", "FromPort": GATE_PORT, "ToPort": GATE_PORT}
    return {
        "BalancerGroup": resource(
            "AWS::EC2::SecurityGroup",
            after=None if spec.vpc_id is not None else "PublicWayOut",  # and so do the balancers, which all name it
            GroupDescription="Load balancers: HTTPS from allowFrom, to the gates and nowhere else",
            VpcId=vpc,
            SecurityGroupIngress=[
                {"IpProtocol": "tcp", "FromPort": HTTPS, "ToPort": HTTPS, "CidrIp": block}
                for block in wanted.allow_from
            ],
            SecurityGroupEgress=[
                {
                    **gate,
                    "DestinationSecurityGroupId": attribute("GateMembers", "GroupId"),
                    "Description": "Gates of Moltbots",
                }
            ],
        ),
        "GateMembers": resource(
            "AWS::EC2::SecurityGroup",
            GroupDescription="Tasks with a gate: its port from the load balancers only",
            VpcId=vpc,
            SecurityGroupEgress=[NOWHERE],
        ),
        "GateMembersIngress": resource(
            "AWS::EC2::SecurityGroupIngress",
            **gate,
            GroupId=attribute("GateMembers", "GroupId"),
            SourceSecurityGroupId=attribute("BalancerGroup", "GroupId"),
            Description="The load balancers",
        ),
    }


def _balancer(spec: BaseSpec, wanted: IngressSpec, number: int) -> Json:
    where: list[Any] = list(wanted.subnet_ids) if spec.vpc_id is not None else subnets(spec, "Public")
    found: Json = {
        f"Balancer{number}": resource(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            Scheme="internet-facing",
            Subnets=where,
            SecurityGroups=[ref("BalancerGroup")],
            LoadBalancerAttributes=[{"Key": key, "Value": value} for key, value in ATTRIBUTES.items()],
        ),
        f"Listener{number}": resource(
            "AWS::ElasticLoadBalancingV2::Listener",
            LoadBalancerArn=ref(f"Balancer{number}"),
            Port=HTTPS,
            Protocol="HTTPS",
            SslPolicy=TLS_POLICY,
            Certificates=[{"CertificateArn": wanted.certificate}],
            DefaultActions=[
                {
                    "Type": "fixed-response",
                    "FixedResponseConfig": {"StatusCode": "403"},
                }
            ],
        ),
    }
    if wanted.requests_per_five_minutes is not None:
        found[f"WebAclOf{number}"] = resource(
            "AWS::WAFv2::WebACLAssociation",
            ResourceArn=ref(f"Balancer{number}"),
            WebACLArn=attribute("WebAcl", "Arn"),
        )
    return found


def _web_acl(wanted: IngressSpec) -> Json:
    seen = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True}
    rule = {
        "Name": "rate",
        "Priority": 0,
        "Action": {"Block": {}},
        "Statement": {
            "RateBasedStatement": {
                "Limit": wanted.requests_per_five_minutes,
                "EvaluationWindowSec": WINDOW_SECONDS,
                "AggregateKeyType": "IP",
            }
        },
        "VisibilityConfig": {**seen, "MetricName": "rate"},
    }
    made = resource(
        "AWS::WAFv2::WebACL",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        Description="Blocks an address that calls too often",
        Rules=[rule],
        VisibilityConfig={**seen, "MetricName": "molthub"},
    )
    return {"WebAcl": made}


def _outputs(number: int) -> Json:
    """One output for each listener, its parts in the order of `Listener`'s fields: a template has room for many so."""
    balancer = f"Balancer{number}"
    parts = (f"Listener{number}", balancer, f"{balancer}.DNSName", f"{balancer}.CanonicalHostedZoneID")
    return {f"Listener{number}": {"Value": LISTENER_SEPARATOR.join(f"${{{part}}}" for part in parts)}}
