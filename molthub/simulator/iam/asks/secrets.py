"""Secrets Manager: secrets by ARN, and their customer key through KMS.

A secret that is not there is judged by the name that was asked for. The key is asked for where AWS documents it:
CreateSecret, PutSecretValue, UpdateSecret and GetSecretValue of a secret under a customer key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.simulator.iam.asks.view import Asking, View, on_everything, tagged, tagging, untagging
from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.keys import through_key
from molthub.simulator.iam.matching import Context
from molthub.simulator.iam.principals import tags_of

SM = "secretsmanager"
WRITING = ("kms:GenerateDataKey", "kms:Decrypt")


def _find(view: View) -> Any | None:
    return view.moto(SM).secrets.get(view.params["SecretId"])


def _of_secret(view: View) -> tuple[str, Context]:
    secret = _find(view)
    if secret is not None:
        return str(secret.arn), tagged(tags_of(secret.tags), SM)
    named = str(view.params["SecretId"])
    return (named if named.startswith("arn:") else view.arn(SM, f"secret:{named}")), {}


def _key_of(view: View) -> str | None:
    secret = _find(view)
    return view.params.get("KmsKeyId") or (secret.kms_key_id if secret is not None else None)


def _through_key(view: View, key: str | None, actions: tuple[str, ...]) -> list[Ask]:
    return through_key(view.world.moto, key, actions, account=view.account, region=view.call.region)


def _create(view: View) -> list[Ask]:
    arn = view.arn(SM, f"secret:{view.params['Name']}")
    wanted = tagging(view.params.get("Tags", ()))
    asks = [Ask("secretsmanager:CreateSecret", arn, wanted)]
    if wanted:
        asks.append(Ask("secretsmanager:TagResource", arn, wanted))
    return [*asks, *_through_key(view, view.params.get("KmsKeyId"), WRITING)]


def _on_secret(name: str, key_actions: tuple[str, ...] = ()) -> Asking:
    def asks(view: View) -> list[Ask]:
        arn, context = _of_secret(view)
        return [Ask(f"secretsmanager:{name}", arn, context), *_through_key(view, _key_of(view), key_actions)]

    return asks


def _tag(view: View) -> list[Ask]:
    arn, context = _of_secret(view)
    return [Ask("secretsmanager:TagResource", arn, {**context, **tagging(view.params["Tags"])})]


def _untag(view: View) -> list[Ask]:
    arn, context = _of_secret(view)
    return [Ask("secretsmanager:UntagResource", arn, {**context, **untagging(view.params["TagKeys"])})]


ASKS: Mapping[str, Asking] = {
    "secretsmanager:CreateSecret": _create,
    "secretsmanager:DeleteSecret": _on_secret("DeleteSecret"),
    "secretsmanager:DescribeSecret": _on_secret("DescribeSecret"),
    "secretsmanager:GetSecretValue": _on_secret("GetSecretValue", ("kms:Decrypt",)),
    "secretsmanager:ListSecrets": on_everything("secretsmanager:ListSecrets"),
    "secretsmanager:PutSecretValue": _on_secret("PutSecretValue", WRITING),
    "secretsmanager:RestoreSecret": _on_secret("RestoreSecret"),
    "secretsmanager:TagResource": _tag,
    "secretsmanager:UntagResource": _untag,
    "secretsmanager:UpdateSecret": _on_secret("UpdateSecret", (*WRITING, "kms:Encrypt")),
}
