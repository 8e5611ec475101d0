"""Specs of bases, for tests of the template and of the stack."""

from __future__ import annotations

from typing import Any

from molthub.manifest.environment import Nat
from molthub.provider.bootstrap import BaseSpec, IngressSpec
from molthub.resources.identity import EnvironmentKey

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1b2c3d4e-0000-4000-8000-1234567890ab"


def base_spec(**changes: Any) -> BaseSpec:
    """acme/prod, nothing of it there yet."""
    given: dict[str, Any] = {
        "fleet": "acme-bots",
        "key": EnvironmentKey("acme", "prod"),
        "account_id": "123456789012",
        "region": "eu-west-1",
    }
    return BaseSpec(**(given | changes))


def ingress_spec(**changes: Any) -> IngressSpec:
    given: dict[str, Any] = {"certificate": CERTIFICATE, "load_balancers": 1, "allow_from": ("203.0.113.0/24",)}
    return IngressSpec(**(given | changes))


def existing() -> dict[str, Any]:
    """Somebody's own VPC and cluster."""
    return {"cluster": "shared", "vpc_id": "vpc-0a1b2c3d", "subnet_ids": ("subnet-0a1b2c3d", "subnet-0b1b2c3d")}


VARIANTS: dict[str, BaseSpec] = {
    "default": base_spec(),
    "per-zone": base_spec(nat=Nat.PER_ZONE, zones=3),
    "endpoints-only": base_spec(nat=Nat.NONE, zones=4, cidr="10.9.0.0/24"),
    "ingress": base_spec(ingress=ingress_spec(load_balancers=2, requests_per_five_minutes=1000)),
    "ingress-without-nat": base_spec(nat=Nat.NONE, ingress=ingress_spec()),
    "existing": base_spec(**existing()),
    "existing-with-ingress": base_spec(
        **existing(), ingress=ingress_spec(subnet_ids=("subnet-0c1b2c3d", "subnet-0d1b2c3d"))
    ),
    "largest": base_spec(
        nat=Nat.PER_ZONE,
        zones=4,
        ingress=ingress_spec(
            load_balancers=12,
            allow_from=tuple(f"203.0.{number}.0/24" for number in range(100, 130)),
            requests_per_five_minutes=1000,
        ),
    ),
}
"""One of everything a manifest can ask for."""
