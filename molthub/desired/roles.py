"""The two roles of an instance: what the Moltbot itself may do, and what ECS may do to start it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from molthub.desired.profiles.images import parse_image
from molthub.desired.secrets import SecretKey
from molthub.desired.state import CLIENT_ACTIONS, symbol
from molthub.manifest.models import InstanceSpec, RoleStatement
from molthub.resources.identity import Identity, names_of
from molthub.resources.normal import canonical_policy
from molthub.resources.types import Pairs, Role

POLICY_NAME = "molthub"
BEDROCK = "amazon-bedrock"
GEOGRAPHIES = ("us-gov", "us", "eu", "apac", "jp", "au", "ca", "global")
"""Prefixes of Bedrock's cross-region inference profiles (`eu.anthropic.claude-…`)."""

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Account and region, and the ARN partition the region belongs to.

    boundary  ARN of the permissions boundary of every role; None: there is none
    """

    account: str
    region: str
    boundary: str | None = None

    @property
    def partition(self) -> str:
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def arn(self, service: str, rest: str, *, account: str | None = None, region: str | None = None) -> str:
        """An ARN here unless account or region say otherwise ("" leaves the part empty)."""
        where = self.region if region is None else region
        whose = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{where}:{whose}:{rest}"


def task_role(identity: Identity, spec: InstanceSpec, *, place: Place, tags: Pairs) -> Role:
    """Exactly the manifest's statements, and the invocation of its Bedrock models. No statement, no policy."""
    statements = [_manifest_statement(item) for item in spec.taskRole.statements] + _bedrock(spec, place)
    if spec.state.persistent:  # as root, but only for the init step: the gateway comes in through access points
        statements.append(_allow("State", CLIENT_ACTIONS, [symbol(identity)]))
    name = names_of(identity).task_role
    return _role(
        identity, name=name, description=f"Task role of {identity}", statements=statements, place=place, tags=tags
    )


def execution_role(
    identity: Identity,
    *,
    images: Iterable[str],
    secrets: Iterable[SecretKey],
    keys: Iterable[str],
    place: Place,
    tags: Pairs,
) -> Role:
    """The secrets it injects, its log group, its images where they are in ECR; nothing else.

    keys  ARNs of the customer keys that these secrets are encrypted under
    """
    names = names_of(identity)
    secret_arns = sorted({key.arn for key in secrets})
    log_streams = place.arn("logs", f"log-group:{names.log_group}:log-stream:moltbot/*")
    statements = [
        _allow("Secrets", ["secretsmanager:GetSecretValue"], secret_arns),
        *_decrypt(keys, place),
        _allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [log_streams]),
        *_image_pull(images, place),
    ]
    description = f"Execution role of {identity}"
    return _role(
        identity, name=names.execution_role, description=description, statements=statements, place=place, tags=tags
    )


def _role(
    identity: Identity, *, name: str, description: str, statements: list[Statement], place: Place, tags: Pairs
) -> Role:
    policy = canonical_policy({"Version": "2012-10-17", "Statement": statements})
    return Role(
        name=name,
        path=names_of(identity).role_path,
        description=description,
        trust=canonical_policy({"Version": "2012-10-17", "Statement": [_trust(place)]}),
        inline_policies=((POLICY_NAME, policy),) if statements else (),
        permissions_boundary=place.boundary,
        tags=tags,
    )


def _decrypt(keys: Iterable[str], place: Place) -> list[Statement]:
    """Customer keys, through Secrets Manager of the region they are in and in no other way.

    A policy names a key by its ARN: IAM would take one with an alias, and KMS never find that it allows anything (KMS
    developer guide, "Specifying KMS keys in IAM policy statements").
    """
    suffix = ".cn" if place.partition == "aws-cn" else ""
    by_region: dict[str, list[str]] = {}
    for key in sorted(set(keys)):
        by_region.setdefault(key.split(":")[3], []).append(key)
    return [
        {
            **_allow("Key" if region == place.region else None, ["kms:Decrypt"], arns),
            "Condition": {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com{suffix}"}},
        }
        for region, arns in sorted(by_region.items())
    ]


def _trust(place: Place) -> Statement:
    # SourceArn cannot name a cluster: AWS's page on the confused deputy gives this form, region and account.
    return {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": place.arn("ecs", "*")},
        },
    }


def _allow(sid: str | None, actions: Iterable[str], resources: Iterable[str]) -> Statement:
    named = {"Sid": sid} if sid else {}
    return {**named, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _manifest_statement(item: RoleStatement) -> Statement:
    return _allow(item.sid, item.actions, item.resources)


def _image_pull(images: Iterable[str], place: Place) -> list[Statement]:
    repositories = sorted({repository for image in images if (repository := _repository(image, place))})
    if not repositories:
        return []
    return [
        _allow("Image", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repositories),
        # AWS knows no resource for this action: it takes only a star.
        _allow("Registry", ["ecr:GetAuthorizationToken"], ["*"]),
    ]


def _repository(image: str, place: Place) -> str | None:
    """ARN of the image's repository in ECR, None where it is elsewhere."""
    reference = parse_image(image)
    if reference is None or reference.ecr is None:
        return None
    account, region = reference.ecr
    return place.arn("ecr", f"repository/{reference.repository}", account=account, region=region)


def _bedrock(spec: InstanceSpec, place: Place) -> list[Statement]:
    models = [spec.model.primary, *spec.model.fallbacks] if spec.model else []
    ids = sorted({model.partition("/")[2] for model in models if model.partition("/")[0] == BEDROCK})
    return [statement for model in ids for statement in _invoke(model, place)]


def _invoke(model: str, place: Place) -> list[Statement]:
    actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    if model.startswith("arn:"):
        return [_allow(None, actions, [model])]
    geography, _, rest = model.partition(".")
    if geography not in GEOGRAPHIES:
        return [_allow(None, actions, [place.arn("bedrock", f"foundation-model/{model}", account="")])]
    # A cross-region profile calls the model in regions AWS chooses: any region, but only through this profile.
    profile = place.arn("bedrock", f"inference-profile/{model}")
    through = _allow(None, actions, [place.arn("bedrock", f"foundation-model/{rest}", account="", region="*")])
    through["Condition"] = {"StringEquals": {"bedrock:InferenceProfileArn": profile}}
    return [_allow(None, actions, [profile]), through]
