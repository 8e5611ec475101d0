"""docs/reference/permissions.md: what the reconciler may do and why, from the same tables as its policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from molthub.aws.permissions.boundary import boundary_policy
from molthub.aws.permissions.operations import PREFIXES, RECONCILER, grants
from molthub.aws.permissions.scopes import LOG_READS, Place, Scope

SPOKEN = Place(
    partition="aws",
    account="ACCOUNT",
    region="REGION",
    fleet="FLEET",
    workspace="WORKSPACE",
    environment="ENVIRONMENT",
    cluster="CLUSTER",
    vpc_id="VPC",
    boundary="BOUNDARY",
    kms_key="KEY",
    zone="ZONE",
    domain="DOMAIN",
)
"""A place whose parts are their own names."""

HEAD = """# Permissions

Generated from `molthub/aws/permissions`; what the words in capitals are, an environment's stack says.

## The reconciler

These statements are the whole policy of the role that the controller works with. Each stands for calls that Molthub
makes; the tests fail when a call has no statement, and when a statement, an action, a resource or a condition is needed
by nothing. Statements marked *New*, *Ours* or *Birth* are one of that name in the policy, for they have the same
conditions. `workspace-environment` is what the environment's names begin with, at most 40 characters of it.
"""

BOUNDARY_HEAD = """## The boundary of instances' roles

The most a Moltbot's roles may ever do, whatever their own policies say. The reconciler can make and change roles with
this boundary only, and cannot change the boundary.
"""

PERSONS_HEAD = """## A person's own

The reconciler may write no log and read none. `molthub logs` works with the credentials of whoever runs it; to read the
logs of an environment's Moltbots they need this statement, and the same for the console that `--link` leads to:
"""


def permission_files() -> Mapping[str, str]:
    """Path from the repository's root → text."""
    parts = [HEAD, *_statements(), *_more(), BOUNDARY_HEAD, *_boundary(), "", PERSONS_HEAD, *_logs()]
    return {"docs/reference/permissions.md": "\n".join(parts) + "\n"}


def _statements() -> Iterator[str]:
    by_scope: dict[Scope, set[str]] = {}
    for action, scope in grants():
        by_scope.setdefault(scope, set()).add(action)
    yield "| Statement | Actions | On | Only if | Why |\n|---|---|---|---|---|"
    for scope, actions in sorted(by_scope.items(), key=lambda item: item[0].sid):
        statement = scope.statement(SPOKEN, sorted(actions))
        conditions = statement.get("Condition", {})
        only = [f"{key} {operator} {value}" for operator, keys in conditions.items() for key, value in keys.items()]
        yield _line(
            f"`{scope.sid}`" + (f" *{scope.together}*" if scope.together else ""),
            _codes(statement["Action"]),
            _codes(statement["Resource"]),
            _codes(only),
            scope.why,
        )


def _more() -> Iterator[str]:
    """The operations that are more than an action of the same name."""
    yield "\nOperations that ask for more, or less, than the action of their own name:\n"
    yield "| Operation | Asks also for | Why |\n|---|---|---|"
    for service, rows in RECONCILER.items():
        for name, item in rows.items():
            also = [action for action, _ in item.also]
            if also or item.actions or not item.scopes:
                asked = _codes([*item.actions, *also]) if item.scopes else "nothing"
                yield _line(f"`{PREFIXES[service]}:{name}`", asked, item.why)
    yield ""


def _boundary() -> Iterator[str]:
    yield "| Statement | Effect | Actions | On | Only if |\n|---|---|---|---|---|"
    for statement in boundary_policy(SPOKEN, bucket="BUCKET")["Statement"]:
        only = [
            f"{key} {operator} {value}"
            for operator, keys in statement.get("Condition", {}).items()
            for key, value in keys.items()
        ]
        yield _line(
            f"`{statement['Sid']}`",
            statement["Effect"],
            _codes(statement["Action"]),
            _codes(statement["Resource"]),
            _codes(only),
        )


def _logs() -> Iterator[str]:
    statement = {"Effect": "Allow", "Action": "logs:FilterLogEvents", "Resource": f"{_log_groups()}:*"}
    yield from ("```json", json.dumps(statement, indent=2), "```")


def _log_groups() -> str:
    """The groups of an environment's instances, by what their names begin with."""
    return LOG_READS.statement(SPOKEN, [])["Resource"][0]  # type: ignore[no-any-return]


def _codes(items: list[str]) -> str:
    return " ".join(f"`{item}`" for item in items)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
