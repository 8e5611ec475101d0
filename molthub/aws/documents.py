"""Shared documents as objects of the environment's bucket, with S3's conditional writes.

S3 is strongly consistent, and a PutObject with `If-None-Match: *` or `If-Match: ETAG` is compared and written in one
step: of two at once one is answered 412, or 409 while the other is still under way. The ETag of a plain object is the
MD5 of its content, so equal contents have equal ETags: the caller sees to it that no two are alike.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError

from molthub.aws.api import Answer, Api, Refusal
from molthub.aws.errors import Call, translate
from molthub.errors import TransientError
from molthub.provider.documents import Document

_OTHER_WAS_FASTER = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
_NO_BUCKET = frozenset({"NoSuchBucket", "404"})  # a HEAD's answer has no body, so no code
_LONGEST = 4 * 1024 * 1024


class BucketDocuments:
    """molthub.provider.documents.SharedDocuments in one bucket.

    account  who must own the bucket: names are one space for all of AWS, and this one can be guessed
    """

    def __init__(self, api: Api, *, bucket: str, account: str) -> None:
        self.bucket = bucket
        self._api = api
        self._where: dict[str, Any] = {"Bucket": bucket, "ExpectedBucketOwner": account}

    def exists(self) -> bool:
        """Whether there is such a bucket at all."""
        answer = self._api.expecting(_NO_BUCKET, "s3", "HeadBucket", subject=self.bucket, **self._where)
        return not isinstance(answer, Refusal)

    def read(self, name: str) -> Document | None:
        """The document, or None when there is none."""
        about = f"{self.bucket}/{name}"
        missing = frozenset({"NoSuchKey"})
        answer = self._api.expecting(missing, "s3", "GetObject", subject=about, Key=name, **self._where)
        if isinstance(answer, Refusal):
            return None
        return Document(
            body=_body(answer, Call("s3", "GetObject", about)),
            tag=str(_told(answer, "ETag", about)),
            written=_told(answer, "LastModified", about),
            read=_date(answer, about),
        )

    def write(self, name: str, body: bytes, *, replaces: str | None) -> str | None:
        """Write the document if it is still what the caller knows; its new tag, None when it is not."""
        about = f"{self.bucket}/{name}"
        answer = self._api.expecting(
            _OTHER_WAS_FASTER,
            "s3",
            "PutObject",
            subject=about,
            Key=name,
            Body=body,
            ContentType="application/json",
            **({"IfNoneMatch": "*"} if replaces is None else {"IfMatch": replaces}),
            **self._where,
        )
        return None if isinstance(answer, Refusal) else str(_told(answer, "ETag", about))


def _body(answer: Answer, call: Call) -> bytes:
    """The content. It is read from the connection here, which may fail as a call may."""
    try:
        content: bytes = answer["Body"].read(_LONGEST)
    except (BotoCoreError, OSError) as error:
        raise translate(error, call) from error
    return content


def _date(answer: Answer, about: str) -> datetime:
    """S3's own time as it answered: to be compared with the object's, and with no other clock."""
    try:
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)
    except (KeyError, ValueError) as error:
        raise _half(about, "date") from error


def _told(answer: Answer, name: str, about: str) -> Any:
    """A header of the answer. What keeps a lease must not die of one that something on the way took out."""
    if answer.get(name) is None:
        raise _half(about, name)
    return answer[name]


def _half(about: str, what: str) -> TransientError:
    return TransientError(
        "MH-AWS-012", f"S3 answered for {about} without its {what}", fix="Nothing to do: it is tried again"
    )
