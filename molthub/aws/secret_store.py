"""`AwsSecretStore`: molthub.provider.secrets.SecretStore on Secrets Manager, with the person's own credentials.

A value goes into the request of CreateSecret or PutSecretValue, and comes out of GetSecretValue, and is kept nowhere.

Secrets Manager has no conditional put, but moving a staging label is one: UpdateSecretVersionStage refuses when
AWSCURRENT is not where `RemoveFromVersionId` says (API reference, UpdateSecretVersionStage). So a new version is put
under a label of ours first, and made the current one only if nobody changed the secret in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from molthub.aws.api import Api, Refusal, Throttle, no_throttle
from molthub.aws.clients import Clients, Sessions
from molthub.aws.readers.secrets import CURRENT, DEFAULT_KEY, list_secrets, project_facts, read_secret, tags_of
from molthub.aws.tags import to_upper
from molthub.errors import StallingError, TransientError
from molthub.provider.protocols import Location
from molthub.provider.secrets import NewSecret, SecretRecord, SecretStoreFactory, SecretText, SecretVersion

SM = "secretsmanager"
NEXT = "MOLTHUBNEXT"
"""The label a version waits under until it becomes the current one."""

MOVED = frozenset({"InvalidParameterException", "InvalidRequestException"})
"""What UpdateSecretVersionStage answers when the label is somewhere else."""

FEW = 10
"""Up to so many secrets are described one by one; more cost less as one list of the account."""


def new_version_id() -> str:
    """A request token, which becomes the version's id: 36 characters of the 32 to 64 that AWS takes."""
    return str(uuid4())


class AwsSecretStore:
    """The secrets of one account and region. Account and region are checked before the first call."""

    def __init__(self, api: Api, *, new_id: Callable[[], str] = new_version_id) -> None:
        self.api = api
        self._new_id = new_id

    def describe(self, source: str) -> SecretRecord | None:
        raw = read_secret(self.api, source)
        return None if raw is None else _record(raw)

    def describe_all(self, sources: Iterable[str]) -> Mapping[str, SecretRecord]:
        wanted = sorted(set(sources))
        if len(wanted) <= FEW:
            found = {source: self.describe(source) for source in wanted}
            return {source: record for source, record in found.items() if record is not None}
        records = [_record(raw) for raw in list_secrets(self.api).values()]
        known = {record.name: record for record in records} | {record.arn: record for record in records}
        elsewhere = {item: self.describe(item) for item in wanted if item.startswith("arn:") and item not in known}
        found = {source: known.get(source) or elsewhere.get(source) for source in wanted}
        return {source: record for source, record in found.items() if record is not None}

    def tagged(self, tags: Mapping[str, str]) -> tuple[SecretRecord, ...]:
        records = [_record(raw) for raw in list_secrets(self.api).values()]
        return tuple(sorted((item for item in records if tags.items() <= item.tags.items()), key=lambda i: i.name))

    def read(self, source: str) -> SecretVersion:
        answer = self.api.call(SM, "GetSecretValue", subject=_subject(source), SecretId=source)
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise StallingError(
                "MH-SCRT-008",
                f"the secret {source} holds bytes and no text",
                fix="Molthub injects text only: set another secret, or replace the value with `molthub secret rotate`",
            )
        return SecretVersion(str(answer["VersionId"]), SecretText(text))

    def create(self, wanted: NewSecret, value: SecretText) -> str:
        key = {} if wanted.kms_key is None else {"KmsKeyId": self._key(wanted.kms_key)}
        answer = self.api.call(
            SM,
            "CreateSecret",
            subject=_subject(wanted.name),
            Name=wanted.name,
            Description=wanted.description,
            ClientRequestToken=self._new_id(),
            SecretString=value.text,
            Tags=to_upper(dict(wanted.tags)),
            **key,
        )
        return str(answer["VersionId"])

    def put(self, source: str, value: SecretText, *, replacing: str | None) -> str:
        made = self._new_id()
        stages = [CURRENT] if replacing is None else [NEXT]
        self.api.call(
            SM,
            "PutSecretValue",
            subject=_subject(source),
            SecretId=source,
            ClientRequestToken=made,
            SecretString=value.text,
            VersionStages=stages,
        )
        if replacing is not None:
            self._make_current(source, made, replacing)
        return made

    def _make_current(self, source: str, made: str, replacing: str) -> None:
        answer = self.api.expecting(
            MOVED,
            SM,
            "UpdateSecretVersionStage",
            subject=_subject(source),
            SecretId=source,
            VersionStage=CURRENT,
            RemoveFromVersionId=replacing,
            MoveToVersionId=made,
        )
        if not isinstance(answer, Refusal):
            return
        now = self.describe(source)
        if now is None or now.version_id != made:  # equal: the first answer was lost, and this was botocore's retry
            raise TransientError(
                "MH-SCRT-005",
                f"somebody else changed the secret {source} at the same moment, so it was left as they set it",
                fix="Look at `molthub secret list`, and run the command again if your value is still wanted",
            )

    def rekey(self, source: str, kms_key: str) -> None:
        self.api.call(SM, "UpdateSecret", subject=_subject(source), SecretId=source, KmsKeyId=self._key(kms_key))

    def _key(self, named: str) -> str:
        """A key as Secrets Manager is told it: by its ARN, for the role that reads the secret can name nothing else.

        AWS's own key has no other name than its alias.
        """
        if named.endswith(DEFAULT_KEY) or ":key/" in named:
            return named
        found = self.api.call("kms", "DescribeKey", subject=f"the key {named}", KeyId=named)
        return str(found["KeyMetadata"]["Arn"])

    def restore(self, source: str) -> None:
        self.api.call(SM, "RestoreSecret", subject=_subject(source), SecretId=source)

    def delete(self, source: str, *, recovery_days: int) -> datetime:
        answer = self.api.call(
            SM, "DeleteSecret", subject=_subject(source), SecretId=source, RecoveryWindowInDays=recovery_days
        )
        at: datetime = answer["DeletionDate"]
        return at


def _subject(source: str) -> str:
    return f"secret {source}"


def _record(raw: Mapping[str, Any]) -> SecretRecord:
    facts = project_facts(raw)
    return SecretRecord(
        name=facts.name,
        arn=facts.arn,
        version_id=facts.version_id,
        changed_at=raw.get("LastChangedDate") or raw.get("CreatedDate"),
        deletion_at=raw.get("DeletedDate"),
        kms_key=facts.kms_key,
        tags=tags_of(raw),
    )


def aws_secret_stores(*, throttle: Throttle = no_throttle) -> SecretStoreFactory:
    """A SecretStoreFactory for AWS. Credentials, profile and endpoints are taken as boto3 takes them."""
    sessions = Sessions()

    def store(location: Location) -> AwsSecretStore:
        own = replace(location, role_arn=None, external_id=None)
        return AwsSecretStore(Api(Clients(sessions, own), throttle))

    return store
