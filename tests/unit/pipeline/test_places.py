"""What an Environment's manifest says to whoever makes its base."""

from __future__ import annotations

from molthub.pipeline.places import base_spec_of
from molthub.provider.bootstrap import IngressSpec
from tests.builders import documents, environment_dict

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1b2c3d4e-0000-4000-8000-1234567890ab"


def test_everything_of_the_ingress_is_handed_on() -> None:
    """The zone, too: without it the reconciler would have no right to write host names."""
    ingress = {
        "domain": "bots.example.com",
        "certificateArn": CERTIFICATE,
        "hostedZoneId": "Z0123456789ABCDEFGHIJ",
        "gateImage": "registry.example.com/molthub:0.1.0",
        "loadBalancers": 2,
        "allowFrom": ["203.0.113.0/24"],
        "requestsPerFiveMinutes": 1000,
        "subnetIds": ["subnet-0c", "subnet-0d"],
    }
    (environment,) = documents(environment_dict(spec={"ingress": ingress})).environments.values()
    assert base_spec_of(environment, "acme-bots").ingress == IngressSpec(
        certificate=CERTIFICATE,
        load_balancers=2,
        allow_from=("203.0.113.0/24",),
        requests_per_five_minutes=1000,
        subnet_ids=("subnet-0c", "subnet-0d"),
        hosted_zone="Z0123456789ABCDEFGHIJ",
        domain="bots.example.com",
    )
