"""MH-NET-004: where there is no way but VPC endpoints, a Moltbot needs nothing beyond them."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.desired.profiles.images import parse_image
from molthub.guard.engine import Finding, Subject
from molthub.manifest.environment import Environment, Nat
from molthub.manifest.models import Inbound, InstanceSpec
from molthub.policies.support.quote import quoted

BEDROCK = "amazon-bedrock/"
SERVICES = ("slack", "telegram")
"""Channels that live on somebody's servers, which the Moltbot calls; a webhook is called by others."""


class EndpointsOnly:
    """Waivable: in an existing VPC a proxy may serve what endpoints do not."""

    ref = "MH-NET-004"
    title = "Only what endpoints serve"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        if subject.environment is None or subject.environment.model.spec.network.nat is not Nat.NONE:
            return
        spec, environment = subject.instance.model.spec, subject.environment.model
        yield from _images(spec, environment)
        yield from _models(spec)
        for name in SERVICES:
            if getattr(spec.channels, name) is not None:
                yield Finding(
                    f"the channel {name} cannot be reached: the environment has VPC endpoints only (nat is none)",
                    ("spec", "channels", name),
                    "Give the environment a NAT gateway (spec.network.nat: single), or use a webhook instead",
                )


def _images(spec: InstanceSpec, environment: Environment) -> Iterator[Finding]:
    region = environment.spec.aws.region
    if not _is_near(spec.runtime.image, region):
        yield Finding(
            f"the image {quoted(spec.runtime.image)} cannot be pulled: VPC endpoints reach only ECR in {region}",
            ("spec", "runtime", "image"),
            f"Copy it into ECR in {region}, or give the environment a NAT gateway (spec.network.nat: single)",
        )
    gate = environment.spec.ingress.gateImage if environment.spec.ingress is not None else None
    if spec.network.inbound is Inbound.WEBHOOK and gate is not None and not _is_near(gate, region):
        yield Finding(
            f"the gate's image {quoted(gate)} cannot be pulled: VPC endpoints reach only ECR in {region}",
            ("spec", "network", "inbound"),
            f"Copy it into ECR in {region} and name it in spec.ingress.gateImage of the environment",
        )


def _models(spec: InstanceSpec) -> Iterator[Finding]:
    if spec.model is None:
        return
    for path, model in (
        (("primary",), spec.model.primary),
        *((("fallbacks", index), name) for index, name in enumerate(spec.model.fallbacks)),
    ):
        if not model.startswith(BEDROCK):
            yield Finding(
                f"the model {quoted(model)} cannot be reached: the environment has VPC endpoints only (nat is none)",
                ("spec", "model", *path),
                "Use a model of amazon-bedrock, or give the environment a NAT gateway (spec.network.nat: single)",
            )


def _is_near(image: str, region: str) -> bool:
    reference = parse_image(image)
    return reference is None or (reference.ecr is not None and reference.ecr[1] == region)
