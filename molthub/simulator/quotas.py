"""Service Quotas: the limits that bind a fleet first, with AWS's defaults unless a test sets others."""

from __future__ import annotations

from typing import Any

from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.wire import Call

Limits = dict[tuple[str, str], float]

NAMES = {
    ("ec2", "L-0263D0A3"): "EC2-VPC Elastic IPs",
    ("elasticloadbalancing", "L-53DA6B97"): "Application Load Balancers per Region",
    ("vpc", "L-F678F1CE"): "VPCs per Region",
    ("fargate", "L-3032A538"): "Fargate On-Demand vCPU resource count",
    ("vpc", "L-E79EC296"): "VPC security groups per Region",
}
DEFAULTS: Limits = {
    ("ec2", "L-0263D0A3"): 5.0,
    ("elasticloadbalancing", "L-53DA6B97"): 50.0,
    ("fargate", "L-3032A538"): 140.0,
    ("vpc", "L-E79EC296"): 2500.0,
    ("vpc", "L-F678F1CE"): 5.0,
}
"""Fargate's own default is 6 in new accounts and grows with use; 140 holds the demo and the tests' fleets."""


def handle(limits: Limits, call: Call, account: str) -> dict[str, Any]:
    """GetServiceQuota. limits: what a test set."""
    if call.operation != "GetServiceQuota":
        message = f"the simulator does not emulate {call.name}"
        raise MalformedRequestError("UnsupportedOperation", message, ref="MH-SIM-003")
    key = (call.params["ServiceCode"], call.params["QuotaCode"])
    if key not in NAMES:
        raise RefusalError("NoSuchResourceException", "The request failed because the specified quota does not exist.")
    service, code = key
    return {
        "Quota": {
            "ServiceCode": service,
            "QuotaCode": code,
            "QuotaArn": f"arn:aws:servicequotas:{call.region}:{account}:{service}/{code}",
            "QuotaName": NAMES[key],
            "Value": limits.get(key, DEFAULTS[key]),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
    }
