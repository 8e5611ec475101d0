"""The permissions boundary of instances' roles: the most any of them may ever do.

It is the answer to two questions. What can a Moltbot do whose manifest asks for much? (The guardrails refuse wildcards
and escalation before; this holds without them.) And what can somebody do who has taken over the reconciler, which may
make roles, write their policies and run tasks with them? Both: this list, and no more. So it names what is allowed,
service by service, instead of what is forbidden. What it leaves out, a manifest's `taskRole` cannot have. The stack
is a person's: whoever runs `molthub bootstrap` may widen it, the reconciler cannot.
"""

from __future__ import annotations

from typing import Any

from molthub.aws.permissions.policy import document_of
from molthub.aws.permissions.scopes import Place
from molthub.policies.support.data_actions import DATA

Document = dict[str, Any]

PULLING = (
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken"),
    "ecr:GetDownloadUrlForLayer",
)
FILES = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess", "elasticfilesystem:ClientWrite")


def boundary_policy(place: Place, *, bucket: str | None = None) -> Document:
    """The boundary's document.

    place   partition, account, region, fleet, workspace and environment are used; the rest is not
    bucket  name of the environment's bucket for lease and published status, which no Moltbot may touch
    """
    arn, parts = f"arn:{place.partition}", place.parts
    ours = f"{place.fleet}/mh-{parts['slug']}-*-exec"
    here = f"{place.region}:{place.account}"
    statements = [
        _allow("Data", DATA, "*"),
        _allow("Pull", PULLING, "*"),
        _allow(
            "Logs",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            f"{arn}:logs:{here}:log-group:/molthub/{place.fleet}/{parts['slug']}-*",
        ),
        # Not by tag: EFS documents other conditions for NFS clients ("Using IAM to control file system data access").
        # The task role and each file system's own policy name the one.
        _allow("Files", FILES, f"{arn}:elasticfilesystem:{here}:file-system/*"),
        # ECS fetches secrets with the execution role before anything of the Moltbot runs. Its task role never may.
        # Linked secrets have any name, and may be another account's.
        _allow("Secrets", ("secretsmanager:GetSecretValue",), f"{arn}:secretsmanager:*:*:secret:*")
        | {"Condition": {"ArnLike": {"aws:PrincipalArn": f"{arn}:iam::{place.account}:role/molthub/{ours}"}}},
    ]
    if bucket is not None:
        own = [f"{arn}:s3:::{bucket}", f"{arn}:s3:::{bucket}/*"]
        statements.append({"Sid": "NotTheLease", "Effect": "Deny", "Action": ["s3:*"], "Resource": own})
    return document_of(statements)


def _allow(sid: str, actions: tuple[str, ...], resource: str) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": [resource]}
