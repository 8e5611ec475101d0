"""What the models' fields are made of: patterns and their words, times with a zone, names."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

API_VERSION = "molthub/v1"

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ENV_NAME_PATTERN = r"^[A-Z][A-Z0-9_]*$"
ACCOUNT_PATTERN = r"^[0-9]{12}$"
REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-[0-9]$"
ROLE_PATTERN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$"
EXTERNAL_ID_PATTERN = r"^[A-Za-z0-9+=,.@:/_-]+$"
CLUSTER_PATTERN = r"^[A-Za-z0-9_-]{1,255}$"
VPC_PATTERN = r"^vpc-[0-9a-f]+$"
SUBNET_PATTERN = r"^subnet-[0-9a-f]+$"
IMAGE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$"
MODEL_PATTERN = r"^[a-z0-9][a-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._:/@-]*$"
SECRET_ARN = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"  # noqa: S105
SECRET_KEY_PATTERN = rf"^({SECRET_ARN}|[A-Za-z0-9/_+=.@-]+)(#[A-Za-z0-9/_+=.@-]+)?$"
HOOK_PATTERN = r"^/hooks/[a-z0-9]+([/_-][a-z0-9]+)*$"
SKILL_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"
ENDPOINT_PATTERN = r"^https://[^\s/@?#]+(/[^\s@?#]*)?$"
CIDR_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"
DOMAIN_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$"
CERTIFICATE_PATTERN = r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-z0-9-]+$"
ZONE_PATTERN = r"^Z[A-Z0-9]{5,31}$"
SID_PATTERN = r"^[A-Za-z0-9]{1,64}$"
RULE_PATTERN = r"^MH-[A-Z]+-[0-9]{3}$"
PARAMETER_PATTERN = r"^[a-z][A-Za-z0-9]*$"

EMAIL_PATTERN = r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~\[\]-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"
SCOPE_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*(/[a-z][a-z0-9]*(-[a-z0-9]+)*)?$"

PATTERN_WORDS: dict[str, str] = {
    NAME_PATTERN: "lower-case letters, digits and single hyphens, beginning with a letter",
    ENV_NAME_PATTERN: "capital letters, digits and underscores, beginning with a letter",
    ACCOUNT_PATTERN: "an account number of twelve digits",
    REGION_PATTERN: "an AWS region such as eu-west-1",
    ROLE_PATTERN: "the ARN of an IAM role",
    EXTERNAL_ID_PATTERN: "letters, digits and any of + = , . @ : / _ -",
    CLUSTER_PATTERN: "the name of an ECS cluster: letters, digits, hyphens and underscores",
    VPC_PATTERN: "a VPC id: vpc- and hexadecimal digits",
    SUBNET_PATTERN: "a subnet id: subnet- and hexadecimal digits",
    IMAGE_PATTERN: "an image reference such as ghcr.io/openclaw/openclaw:2026.9.6",
    MODEL_PATTERN: "provider/model, such as anthropic/claude-sonnet-4-5",
    SECRET_KEY_PATTERN: "a name in Secrets Manager, or an ARN with the six characters AWS adds, then #jsonKey",
    HOOK_PATTERN: "a path below /hooks/: lower-case letters, digits, single hyphens and underscores",
    SKILL_PATTERN: "a skill's id: lower-case letters, digits, dots, hyphens and underscores",
    ENDPOINT_PATTERN: "an https:// address without user, query or fragment",
    CIDR_PATTERN: "a range of IPv4 addresses such as 10.64.0.0/16",
    DOMAIN_PATTERN: "a domain in lower case, such as bots.example.com",
    CERTIFICATE_PATTERN: "the ARN of a certificate in ACM",
    ZONE_PATTERN: "the id of a Route 53 hosted zone",
    SID_PATTERN: "at most 64 letters and digits",
    RULE_PATTERN: "a guardrail's reference such as MH-IMG-002",
    PARAMETER_PATTERN: "letters and digits, beginning with a lower-case letter",
    EMAIL_PATTERN: "an email address such as ana@example.com",
    SCOPE_PATTERN: "a workspace such as acme, or an environment such as acme/prod",
}
"""What each pattern asks for, in words: `PATTERN_WORDS[p]` completes "must be …" in messages and the reference."""

RETENTION_DAYS = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""What CloudWatch Logs accepts (PutRetentionPolicy, `RetentionInDays`)."""

_PINNED = re.compile(r".*(@sha256:[0-9a-f]{64}|:v?[0-9]+\.[0-9]+\.[0-9]+([._-][0-9A-Za-z._-]+)?)")


def is_pinned(image: str) -> bool:
    """Whether an image names one program: by digest, or by a tag that is a whole version."""
    return _PINNED.fullmatch(image) is not None


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _read_instant(value: Any) -> Any:
    """RFC 3339 text → datetime. Numbers are refused: pydantic alone would take them for seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            pass
    raise PydanticCustomError("molthub_instant", "not a time with a zone")


def _read_day(value: Any) -> Any:
    """`2027-01-31` → date."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("molthub_day", "not a day")


Instant = Annotated[
    AwareDatetime, BeforeValidator(_read_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
Day = Annotated[date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})]

MAX_NAME = 40

SlugName = Annotated[str, Field(pattern=NAME_PATTERN, min_length=1, max_length=MAX_NAME)]
EnvName = Annotated[str, Field(pattern=ENV_NAME_PATTERN, min_length=1, max_length=128)]


class Model(BaseModel):
    """Strict and frozen: no coercion, no unknown field, camelCase as written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=None, populate_by_name=False)
