"""Secrets Manager: names, and secrets that wait for their deletion."""

# ruff: noqa: ARG001 - rules share one signature

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

MOST_TAGS = 50
SHORTEST_WINDOW, LONGEST_WINDOW = 7, 30


def _name_is_sound(world: World, call: Call, account: str) -> None:
    name = call.params["Name"]
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]+", name):
        message = (
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        )
        raise MalformedRequestError("ValidationException", message)
    if re.search(r"-[A-Za-z0-9]{6}$", name):
        message = "Invalid name. A name that ends with a hyphen and six characters cannot be told from an ARN."
        raise MalformedRequestError("ValidationException", message)


def _name_is_not_awaiting_deletion(world: World, call: Call, account: str) -> None:
    if _deleted(world, call, account, call.params["Name"]):
        message = "You can't create this secret because a secret with this name is already scheduled for deletion."
        raise RefusalError("InvalidRequestException", message)


def _is_not_deleted(world: World, call: Call, account: str) -> None:
    if _deleted(world, call, account, call.params["SecretId"]):
        message = "You can't perform this operation on the secret because it was marked for deletion."
        raise RefusalError("InvalidRequestException", message)


def _tags_fit(world: World, call: Call, account: str) -> None:
    secret = world.moto.backend("secretsmanager", account, call.region).secrets.get(call.params["SecretId"])
    held = {tag["Key"] for tag in (secret.tags or ())} if secret else set()
    if len(held | {tag["Key"] for tag in call.params["Tags"]}) > MOST_TAGS:
        raise RefusalError("InvalidParameterException", "The maximum number of tags (50) has been exceeded.")


def _deleted(world: World, call: Call, account: str, reference: str) -> bool:
    secret = world.moto.backend("secretsmanager", account, call.region).secrets.get(reference)
    return secret is not None and secret.deleted_date is not None


def _label_is_there(world: World, call: Call, account: str) -> None:
    """Moving a label is conditional: it must be on the version that the caller takes it from."""
    secret = world.moto.backend("secretsmanager", account, call.region).secrets.get(call.params["SecretId"])
    stage = call.params["VersionStage"]
    versions = secret.versions if secret else {}
    holder = next((name for name, held in versions.items() if stage in held.get("version_stages", ())), None)
    if holder is not None and call.params.get("RemoveFromVersionId", holder) != holder:
        message = (
            f"The staging label {stage} is currently attached to version {holder}, so you must explicitly reference"
        )
        raise RefusalError("InvalidParameterException", f"{message} that version in RemoveFromVersionId.")


def label_moved(world: World, call: Call, account: str) -> None:
    """What moto forgets when AWSCURRENT moves: that version is the one that is read from now on."""
    secret = world.moto.backend("secretsmanager", account, call.region).secrets.get(call.params["SecretId"])
    if secret is not None and call.params["VersionStage"] == "AWSCURRENT" and "MoveToVersionId" in call.params:
        secret.set_default_version_id(call.params["MoveToVersionId"])


def _window_is_sound(world: World, call: Call, account: str) -> None:
    days = call.params.get("RecoveryWindowInDays")
    if days is not None and not SHORTEST_WINDOW <= days <= LONGEST_WINDOW:
        message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        raise MalformedRequestError("InvalidParameterException", message)


_LIVE_ONLY = (
    *("GetSecretValue", "PutSecretValue", "UpdateSecret", "TagResource", "UntagResource", "PutResourcePolicy"),
    "UpdateSecretVersionStage",
)

RULES: Mapping[str, tuple[Any, ...]] = {
    **{f"secretsmanager:{operation}": (_is_not_deleted,) for operation in _LIVE_ONLY},
    "secretsmanager:TagResource": (_is_not_deleted, _tags_fit),
    "secretsmanager:UpdateSecretVersionStage": (_is_not_deleted, _label_is_there),
    "secretsmanager:DeleteSecret": (_window_is_sound,),
    "secretsmanager:CreateSecret": (_name_is_sound, _name_is_not_awaiting_deletion),
}
