"""The seam through which every AWS call goes: counted, throttled, its errors translated.

Nothing else in this package calls a boto3 client.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from molthub.aws.errors import SENSITIVE, Call, code_of, translate
from molthub.errors import TransientError

Answer = dict[str, Any]


class Throttle(Protocol):
    """Keeps the calls of one account and region within AWS's limits (throttle.py). Thread-safe."""

    def wait(self, service: str, operation: str, subject: str) -> None:
        """Called before each call; returns when it may be made, or raises WaitingError: come back for it."""
        ...

    def throttled(self, service: str, operation: str) -> None:
        """Called for each answer that says there were too many."""
        ...

    def has_spare(self, service: str, operation: str) -> bool:
        """Whether a call that is in no hurry keeps nobody waiting."""
        ...


class _NoThrottle:
    """Lets every call pass: botocore's own retries are all there is."""

    def wait(self, service: str, operation: str, subject: str) -> None:
        """At once."""

    def throttled(self, service: str, operation: str) -> None:
        """Nothing is learned from it."""

    def has_spare(self, service: str, operation: str) -> bool:  # noqa: ARG002 - the protocol's
        return True


no_throttle: Throttle = _NoThrottle()


TELLING = (
    *("Describe", "List", "Get", "Filter"),
    *("RegisterTaskDefinition", "CreateService", "UpdateService", "DeleteService"),
)
"""Operations that always answer with something. botocore takes a JSON body that was cut short for an empty one."""


class ClientSource(Protocol):
    """Where the seam gets its boto3 clients."""

    def client(self, service: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Paging:
    """How an operation pages: request token, answer token, list, page size parameter and its maximum."""

    request: str
    answer: str
    items: str
    size: str
    most: int


PAGING: dict[str, Paging] = {
    "ListServices": Paging("nextToken", "nextToken", "serviceArns", "maxResults", 100),
    "ListTasks": Paging("nextToken", "nextToken", "taskArns", "maxResults", 100),
    "ListTaskDefinitions": Paging("nextToken", "nextToken", "taskDefinitionArns", "maxResults", 100),
    "ListServiceDeployments": Paging("nextToken", "nextToken", "serviceDeployments", "maxResults", 100),
    "DescribeFileSystems": Paging("Marker", "NextMarker", "FileSystems", "MaxItems", 100),
    "DescribeMountTargets": Paging("Marker", "NextMarker", "MountTargets", "MaxItems", 100),
    "DescribeAccessPoints": Paging("NextToken", "NextToken", "AccessPoints", "MaxResults", 100),
    "DescribeNetworkInterfaces": Paging("NextToken", "NextToken", "NetworkInterfaces", "MaxResults", 1000),
    "ListRecoveryPointsByBackupVault": Paging("NextToken", "NextToken", "RecoveryPoints", "MaxResults", 1000),
    "ListRestoreJobs": Paging("NextToken", "NextToken", "RestoreJobs", "MaxResults", 1000),
    "ListBackupJobs": Paging("NextToken", "NextToken", "BackupJobs", "MaxResults", 1000),
    "DescribeSecurityGroups": Paging("NextToken", "NextToken", "SecurityGroups", "MaxResults", 1000),
    "GetAccountAuthorizationDetails": Paging("Marker", "Marker", "RoleDetailList", "MaxItems", 1000),
    "ListRoles": Paging("Marker", "Marker", "Roles", "MaxItems", 1000),
    "ListRolePolicies": Paging("Marker", "Marker", "PolicyNames", "MaxItems", 1000),
    "ListAttachedRolePolicies": Paging("Marker", "Marker", "AttachedPolicies", "MaxItems", 1000),
    "DescribeVpcs": Paging("NextToken", "NextToken", "Vpcs", "MaxResults", 1000),
    "DescribeLoadBalancers": Paging("Marker", "NextMarker", "LoadBalancers", "PageSize", 400),
    "DescribeLogGroups": Paging("nextToken", "nextToken", "logGroups", "limit", 50),
    "ListSecrets": Paging("NextToken", "NextToken", "SecretList", "MaxResults", 100),
    "DescribeRules": Paging("Marker", "NextMarker", "Rules", "PageSize", 400),
    "DescribeTargetGroups": Paging("Marker", "NextMarker", "TargetGroups", "PageSize", 400),
    "GetResources": Paging("PaginationToken", "PaginationToken", "ResourceTagMappingList", "ResourcesPerPage", 100),
}
"""Page sizes: AWS's own maxima (botocore's models; Describe* and List* documentation)."""

XML_SERVICES = frozenset({"cloudformation", "ec2", "elbv2", "iam"})
"""Their answers leave an empty list out; the others always name it, so there its absence is a broken answer."""


class Api:
    """Calls of one account and region. Thread-safe.

    counts  calls made so far, per `service:Operation`
    """

    def __init__(self, clients: ClientSource, throttle: Throttle = no_throttle) -> None:
        self._clients = clients
        self._throttle = throttle
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def call(self, service: str, operation: str, /, *, subject: str = "", **params: Any) -> Answer:
        """One call. Raises a MolthubError; `subject` says in it what the call was about."""
        call = Call(service, operation, subject)
        try:
            return self._raw(call, params)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            failure = translate(error, call)
            if operation in SENSITIVE:  # the original may repeat the request
                raise failure from None
            raise failure from error

    def expecting(
        self, codes: frozenset[str], service: str, operation: str, /, *, subject: str = "", **params: Any
    ) -> Answer | Refusal:
        """Like `call`, but these error codes are an answer the caller knows what to do with."""
        call = Call(service, operation, subject)
        try:
            return self._raw(call, params)
        except ClientError as error:
            if code_of(error) in codes:
                words = "" if operation in SENSITIVE else str(error.response["Error"].get("Message", ""))
                return Refusal(code_of(error), words, translate(error, call))
            raise translate(error, call) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise translate(error, call) from None

    def pages(self, service: str, operation: str, /, *, subject: str = "", **params: Any) -> Iterator[Answer]:
        """Every page's answer. A page that fails or is cut short raises: a short list is never returned."""
        paging = PAGING[operation]
        token: str | None = None
        params = {paging.size: paging.most, **params}
        while True:
            more = {} if token is None else {paging.request: token}
            answer = self.call(service, operation, subject=subject, **{**params, **more})
            if paging.items not in answer and service not in XML_SERVICES:
                raise _broken(service, operation, f"without {paging.items}")
            yield answer
            following = answer.get(paging.answer) or None
            if following is None and answer.get("IsTruncated"):
                raise _broken(service, operation, "cut short without a marker")
            if following is None:
                return
            if following == token:
                raise _broken(service, operation, "with the same page twice")
            token = following

    def items(self, service: str, operation: str, /, *, subject: str = "", **params: Any) -> list[Any]:
        """All items of all pages."""
        key = PAGING[operation].items
        return [
            item for page in self.pages(service, operation, subject=subject, **params) for item in page.get(key, [])
        ]

    def has_spare(self, service: str, operation: str) -> bool:
        """Whether AWS's quota has room for a call that is in no hurry."""
        return self._throttle.has_spare(service, operation)

    @property
    def total(self) -> int:
        """Calls made so far."""
        return sum(self.counts.values())

    def _raw(self, call: Call, params: dict[str, Any]) -> Answer:
        self._throttle.wait(call.service, call.operation, call.subject)
        client = self._clients.client(call.service)
        with self._lock:
            self.counts[call.action] += 1
        answer: Answer = getattr(client, xform_name(call.operation))(**params)
        if answer.keys() == {"ResponseMetadata"} and call.operation.startswith(TELLING):
            raise _broken(call.service, call.operation, "with nothing in it")
        return answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error code that the caller expected. words: AWS's own; error: what to raise if it is none of these."""

    code: str
    words: str
    error: Exception


def _broken(service: str, operation: str, how: str) -> TransientError:
    return TransientError(
        "MH-AWS-012", f"AWS answered {service}:{operation} {how}", fix="Nothing to do: Molthub tries again later"
    )
