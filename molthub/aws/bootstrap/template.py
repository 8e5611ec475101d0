"""The CloudFormation template of an Environment's base: a pure function of its spec.

What lies in which part: network.py, endpoints.py, control.py (cluster, key, bucket, boundary, reconciler), state.py,
ingress.py, controller.py (Molthub's own, where it is asked for). Two things a template cannot do are done around it
(stack.py): service-linked roles, which are the account's and make a stack fail where they already exist, and the rules
of the VPC's default security group.

The tags `molthub:fleet`, `molthub:workspace` and `molthub:environment` are the stack's own: CloudFormation puts them
on everything that takes tags.
"""

from __future__ import annotations

import json
from dataclasses import replace

from molthub.aws.bootstrap import control
from molthub.aws.bootstrap.controller import controller
from molthub.aws.bootstrap.endpoints import endpoints
from molthub.aws.bootstrap.ingress import ingress
from molthub.aws.bootstrap.network import network
from molthub.aws.bootstrap.parts import Json, joined, resolved
from molthub.aws.bootstrap.state import state
from molthub.provider.bootstrap import BaseSpec
from molthub.resources.identity import EnvironmentKey, EnvironmentNames, names_of_environment

MOST_BYTES = 51_200
"""Of a template given inline (CloudFormation quotas). One from a bucket may have 1 MB; the largest has a fifteenth."""


def names_of(spec: BaseSpec) -> EnvironmentNames:
    return names_of_environment(spec.fleet, spec.key, account=spec.account_id, region=spec.region)


def template(spec: BaseSpec) -> Json:
    """The template of this base."""
    names = names_of(spec)
    whole = joined(
        [
            network(spec, names),
            endpoints(spec),
            control.cluster(spec, names),
            control.key(spec, names),
            control.bucket(names),
            control.boundary(spec, names),
            control.reconciler(spec, names),
            state(spec, names),
            ingress(spec),
            controller(spec, names),
        ]
    )
    made: Json = resolved(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"Molthub: the base of {spec.key} in fleet {spec.fleet}",
            "Resources": whole.resources,
            "Outputs": whole.outputs,
        }
    )
    return made


def template_text(spec: BaseSpec) -> str:
    """The template as it is sent: JSON without white space, the same for the same spec."""
    return json.dumps(template(spec), separators=(",", ":"), sort_keys=True)


def first_part(spec: BaseSpec) -> BaseSpec:
    """What is made first where the whole is too large to be given inline, and there is no bucket yet: all but load
    balancers and controller. It always fits."""
    return replace(spec, ingress=None, controller=None)


def example_spec() -> BaseSpec:
    """What `--print` shows where no Environment is named: account and region are whoever's deploys it."""
    return BaseSpec("example", EnvironmentKey("example", "prod"), "${AWS::AccountId}", "${AWS::Region}")
