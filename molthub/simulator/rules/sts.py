"""STS: only a role that exists can be assumed, and with the external id that its trust asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World


def _role_can_be_assumed(world: World, call: Call, account: str) -> None:
    arn = call.params["RoleArn"]
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "iam":  # noqa: PLR2004 - the parts of an ARN
        raise MalformedRequestError("ValidationError", "RoleArn is invalid")
    role = world.account.role(parts[4], arn)
    if role is None or not _external_id_fits(role, call.params.get("ExternalId")):
        message = (
            f"User: arn:aws:iam::{account}:user/simulator is not authorized to perform: sts:AssumeRole on "
            f"resource: {arn}"
        )
        raise RefusalError("AccessDenied", message, status=403)


def _external_id_fits(role: Any, given: str | None) -> bool:
    held = role.assume_role_policy_document
    document = json.loads(unquote(held)) if isinstance(held, str) else held
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    for statement in statements:
        wanted = statement.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId")
        if wanted in (None, given) or (isinstance(wanted, list) and given in wanted):
            return True
    return False


RULES: Mapping[str, tuple[Any, ...]] = {"sts:AssumeRole": (_role_can_be_assumed,)}
