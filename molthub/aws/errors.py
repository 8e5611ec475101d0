"""Every botocore error becomes ONE MolthubError: what is wrong, on what, and what to do about it.

Told apart by effect: StallingError (a person must act), TransientError (back off), WaitingError (come back).
Requests that carry a secret's value never have AWS's own words repeated: only the error's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from botocore import exceptions as boto

from molthub.errors import MolthubError, StallingError, TransientError, WaitingError

SENSITIVE = frozenset({"CreateSecret", "PutSecretValue", "UpdateSecret", "GetSecretValue"})
"""Operations whose requests or answers hold a secret's value: nothing that botocore says of them is repeated."""

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
BAD_CREDENTIALS = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"}
    | {"InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken"}
)
SKEWED = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_SKEW = re.compile(r"signature (has )?(expired|not yet current)|is now (earlier|later) than", re.IGNORECASE)
"""How a refused signature tells of a wrong clock (SigV4: "Signature expired: … is now earlier than …")."""
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException"}
    | {"403", "AllAccessDisabled"}  # the answer to a HEAD has no body, so no code
)
REGION_OFF = frozenset({"OptInRequired", "RegionDisabledException", "SubscriptionRequiredException"})
THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded"}
    | {"RequestThrottled", "SlowDown", "PriorRequestNotComplete", "ProvisionedThroughputExceededException"}
)
QUOTA = frozenset(
    {"LimitExceeded", "LimitExceededException", "ServiceQuotaExceededException", "SecurityGroupLimitExceeded"}
    | {"FileSystemLimitExceeded", "AccessPointLimitExceeded", "NetworkInterfaceLimitExceeded"}
    | {"TooManyTargetGroups", "TooManyRules", "TooManyUniqueTargetGroupsPerLoadBalancer", "TooManyTags"}
    | {"RulesPerSecurityGroupLimitExceeded", "ResourceLimitExceeded", "VcpuLimitExceeded"}
)
NOT_FOUND = frozenset(
    {"TargetGroupNotFound", "RuleNotFound", "ListenerNotFound", "LoadBalancerNotFound", "NoSuchHostedZone"}
    | {"NoSuchEntity", "ResourceNotFoundException", "InvalidGroup.NotFound", "ServiceNotFoundException"}
    | {"ServiceDeploymentNotFoundException", "InvalidGroupId.Malformed"}
    | {"FileSystemNotFound", "MountTargetNotFound", "AccessPointNotFound"}
)
CONFLICT = frozenset(
    {"OperationAbortedException", "ConcurrentModification", "ConflictException", "UpdateInProgressException"}
)
SERVER = frozenset(
    {"ServerException", "InternalFailure", "InternalError", "InternalServiceError", "ServiceFailure"}
    | {"ServiceUnavailable", "ServiceUnavailableException", "Unavailable", "ServiceFailureException"}
)

_ACTION = re.compile(r"perform:? ([A-Za-z0-9-]+:[A-Za-z0-9*]+)(?: on resource: ([^\s]+))?")
_ROLE_REFUSED = re.compile(r"perform:? iam:PassRole|unable to assume|role is not valid", re.IGNORECASE)
_DENIALS = {"explicit deny": "an explicit deny", "permissions boundary": "its permissions boundary does not allow it"}
_MAX_WORDS = 400
HTTP_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Call:
    """Which call failed: service and operation as botocore names them, and a word for what it was about."""

    service: str
    operation: str
    subject: str = ""

    @property
    def action(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def about(self) -> str:
        return f" for {self.subject}" if self.subject else ""


def code_of(error: BaseException) -> str:
    """AWS's error code of a ClientError, "" for anything else."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def words_of(error: BaseException) -> str:
    """AWS's own words of a ClientError, on one line and bounded."""
    response = getattr(error, "response", None) or {}
    text = " ".join(str(response.get("Error", {}).get("Message", "")).split()).rstrip(".")
    return text if len(text) <= _MAX_WORDS else text[: _MAX_WORDS - 1] + "…"


def translate(error: Exception, call: Call) -> MolthubError:
    """The MolthubError for whatever botocore raised during `call`."""
    if isinstance(error, MolthubError):
        return error
    if isinstance(error, boto.ClientError):
        return _client_error(error, call)
    for kinds, make in _LOCAL:
        if isinstance(error, kinds):
            return make(error, call)
    return TransientError("MH-AWS-019", f"{call.action} failed{call.about}: {type(error).__name__}", fix=_REPORT)


_REPORT = "Try again; if it stays, report it with the debug log"


_SIGN_IN = "Sign in again, for example with `aws sso login`"


def _no_credentials(error: Exception, _call: Call) -> MolthubError:
    """What botocore tells of a profile, a file or a provider is kept: it names no credential."""
    told = getattr(error, "kwargs", {})
    what, fix = "There are no AWS credentials", "Set AWS_PROFILE, sign in with `aws sso login`, or give the task a role"
    if isinstance(error, boto.ProfileNotFound):
        what = f"There is no AWS profile {told.get('profile', '')!a}"
        fix = "Correct AWS_PROFILE, or add the profile to ~/.aws/config"
    elif isinstance(error, boto.PartialCredentialsError):
        what = f"The AWS credentials are incomplete: {told.get('cred_var', 'a part')} is missing"
        fix = "Set both the access key and its secret, or use a profile"
    elif isinstance(error, _CONFIGURATION):
        what = f"The AWS configuration cannot be used: {' '.join(str(error).split())[:_MAX_WORDS].rstrip('.')}"
        fix = "Mend ~/.aws/config (or the file that AWS_CONFIG_FILE names)"
    elif isinstance(error, boto.CredentialRetrievalError):
        what = f"The AWS credentials cannot be fetched from {told.get('provider', 'their source')}"
        fix = "Try `aws sts get-caller-identity` in the same shell; it must work first"
    return StallingError("MH-AWS-001", what, fix=fix)


_CONFIGURATION = (boto.ConfigParseError, boto.ConfigNotFound, boto.InvalidConfigError, boto.InfiniteLoopConfigError)


def _expired(_error: Exception, _call: Call) -> MolthubError:
    return StallingError("MH-AWS-002", "The AWS credentials have expired", fix=_SIGN_IN)


def _signed_out(_error: Exception, _call: Call) -> MolthubError:
    return StallingError("MH-AWS-002", "The AWS single sign-on session has expired, or never began", fix=_SIGN_IN)


def _unreachable(error: Exception, call: Call) -> MolthubError:
    endpoint = getattr(error, "kwargs", {}).get("endpoint_url", "") or "the endpoint"
    return TransientError(
        "MH-AWS-006",
        f"AWS cannot be reached: {call.action} got no answer from {endpoint}",
        fix="Check the network, the region, and AWS_ENDPOINT_URL if it is set",
    )


def _no_region(_error: Exception, _call: Call) -> MolthubError:
    return StallingError(
        "MH-AWS-007",
        "No region is known for AWS",
        fix="Set spec.aws.region of the Environment to an AWS region that is enabled",
    )


def _invalid(error: Exception, call: Call) -> MolthubError:
    words = "" if call.operation in SENSITIVE else ": " + " ".join(str(error).split())[:_MAX_WORDS]
    return StallingError("MH-AWS-010", f"AWS's own model refuses {call.action}{call.about}{words}", fix=_REFUSED)


_LOCAL: tuple[tuple[tuple[type[Exception], ...], Callable[[Exception, Call], MolthubError]], ...] = (
    ((boto.UnauthorizedSSOTokenError, boto.SSOTokenLoadError, boto.TokenRetrievalError), _signed_out),
    ((boto.LoginRefreshRequired,) if hasattr(boto, "LoginRefreshRequired") else (), _signed_out),
    ((boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError), _no_credentials),
    ((boto.ProfileNotFound, *_CONFIGURATION), _no_credentials),
    ((boto.NoRegionError, boto.InvalidRegionError, boto.UnknownRegionError), _no_region),
    ((boto.ParamValidationError, boto.EndpointProviderError), _invalid),
    ((boto.HTTPClientError, boto.ConnectionError, boto.EndpointConnectionError), _unreachable),
    ((boto.IncompleteReadError, boto.ResponseStreamingError), _unreachable),
)

_REFUSED = "Look at what AWS says; if Molthub rendered something wrong, report it"


def _client_error(error: boto.ClientError, call: Call) -> MolthubError:
    code = code_of(error)
    for codes, make in _BY_CODE:
        if code in codes:
            return make(error, call)
    if code == "ClusterNotFoundException":
        return _no_cluster(call)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= HTTP_SERVER_ERROR:
        return _server(error, call)
    return _other(error, call)


def _words(error: Exception, call: Call) -> str:
    if call.operation in SENSITIVE:
        return code_of(error)
    return f"{words_of(error)} ({code_of(error)})"


def _bad_credentials(error: Exception, call: Call) -> MolthubError:
    """A region that is not enabled answers so, too: it does not know the account's keys (IAM, "Managing AWS STS")."""
    if _SKEW.search(words_of(error)):
        return _skewed(error, call)
    return StallingError(
        "MH-AWS-001",
        f"AWS does not accept the credentials ({code_of(error)})",
        fix="Check AWS_PROFILE or the access key, the clock of this machine, and that the region is enabled",
    )


def _skewed(error: Exception, _call: Call) -> MolthubError:
    return StallingError(
        "MH-AWS-060",
        f"The clock of this machine is wrong: AWS refuses its signatures ({code_of(error)})",
        fix="Set the clock, best by NTP; `molthub doctor` tells by how much it is off",
    )


_PERMISSION = {"s3:HeadBucket": "s3:ListBucket"}
"""Operations whose permission has another name, and that say so in no words of theirs."""


def _denied(error: Exception, call: Call) -> MolthubError:
    found = _ACTION.search(words_of(error))
    action = found.group(1) if found else _PERMISSION.get(call.action, call.action)
    resource = (found.group(2) if found else "") or ""
    where = f" on {resource.rstrip('.')}" if resource else call.about
    why = next((f" ({said})" for word, said in _DENIALS.items() if word in words_of(error)), "")
    return StallingError(
        "MH-AWS-003",
        f"AWS denies {action}{where}{why}",
        fix=f"Allow {action} to the role Molthub works with",
    )


def _throttled(_error: Exception, call: Call) -> MolthubError:
    return TransientError("MH-AWS-005", f"AWS throttles {call.action}", fix="Nothing to do: Molthub tries again later")


def _region_off(error: Exception, call: Call) -> MolthubError:
    return StallingError(
        "MH-AWS-007",
        f"The region is not enabled for this account: {call.action} was refused ({code_of(error)})",
        fix="Enable the region in the account, or correct spec.aws.region of the Environment",
    )


def _quota(error: Exception, call: Call) -> MolthubError:
    return StallingError(
        "MH-AWS-008",
        f"A quota of the account is used up: {call.action}{call.about}: {_words(error, call)}",
        fix="Ask for a higher quota in Service Quotas, or remove what is not needed",
    )


def _not_found(error: Exception, call: Call) -> MolthubError:
    return StallingError(
        "MH-AWS-009",
        f"AWS does not find it: {call.action}{call.about}: {_words(error, call)}",
        fix="Plan again: something was removed in the meantime",
    )


def _conflict(error: Exception, call: Call) -> MolthubError:
    return TransientError(
        "MH-AWS-011",
        f"Somebody else changes the same thing: {call.action}{call.about} ({code_of(error)})",
        fix="Nothing to do: Molthub tries again later",
    )


def _server(error: Exception, call: Call) -> MolthubError:
    return TransientError(
        "MH-AWS-012",
        f"AWS itself failed at {call.action}{call.about} ({code_of(error)})",
        fix="Nothing to do: Molthub tries again later",
    )


def _no_cluster(call: Call) -> MolthubError:
    return StallingError(
        "MH-AWS-020",
        f"There is no such ECS cluster{call.about}",
        fix="Create the cluster, or correct spec.aws.cluster of the Environment",
    )


def _other(error: Exception, call: Call) -> MolthubError:
    return StallingError("MH-AWS-010", f"AWS refuses {call.action}{call.about}: {_words(error, call)}", fix=_REFUSED)


_BY_CODE: tuple[tuple[frozenset[str], Callable[[Exception, Call], MolthubError]], ...] = (
    (SKEWED, _skewed),
    (EXPIRED, _expired),
    (BAD_CREDENTIALS, _bad_credentials),
    (DENIED, _denied),
    (REGION_OFF, _region_off),
    (THROTTLED, _throttled),
    (QUOTA, _quota),
    (NOT_FOUND, _not_found),
    (CONFLICT, _conflict),
    (SERVER, _server),
)


# -- what the adapter itself finds --------------------------------------------------------------------------


def wrong_account(expected: str, actual: str) -> MolthubError:
    return StallingError(
        "MH-AWS-004",
        f"The Environment is in account {expected}, but the credentials belong to account {actual}",
        fix="Use credentials of the Environment's account, or set spec.aws.roleArn to a role in it",
    )


def cannot_assume(role_arn: str, reason: str) -> MolthubError:
    return StallingError(
        "MH-AWS-021",
        f"The role {role_arn} cannot be assumed ({reason})",
        fix="Check the role's trust policy, its external id, and sts:AssumeRole of the credentials in use",
    )


def foreign(kind: str, name: str, reason: str) -> MolthubError:
    return StallingError(
        "MH-AWS-013",
        f"The {kind} {name} exists but is not ours: {reason}",
        fix="Remove or rename it by hand; Molthub never touches what is not its own",
    )


def draining(name: str) -> MolthubError:
    return WaitingError("MH-AWS-014", f"The service {name} is still draining", after=15.0, fix="Nothing to do: wait")


def group_in_use(name: str) -> MolthubError:
    return WaitingError(
        "MH-AWS-015",
        f"The security group {name} is still held by a network interface",
        after=30.0,
        fix="Nothing to do: AWS lets go of the interface within 20 minutes",
    )


def role_is_refused(words: str) -> bool:
    """Whether AWS's words are about handing a role to ECS. (That a session is an `assumed-role` says nothing.)"""
    return _ROLE_REFUSED.search(words) is not None


def target_group_in_use(name: str) -> MolthubError:
    return WaitingError(
        "MH-AWS-030",
        f"The target group {name} is still used by a rule of a load balancer",
        after=15.0,
        fix="Nothing to do; if it stays, somebody made another rule that leads to it: remove that one",
    )


def no_priority(listener: str) -> MolthubError:
    return TransientError(
        "MH-AWS-031",
        f"No rule could be added to the listener {listener}: each priority that was free was taken meanwhile",
        fix="Nothing to do: Molthub tries again later",
    )


def role_not_usable(name: str) -> MolthubError:
    return WaitingError(
        "MH-AWS-016",
        f"AWS does not let ECS use the new role {name} yet",
        after=5.0,
        fix="Nothing to do: a new role takes some seconds; if it stays, allow iam:PassRole on it",
    )


def no_secret(name: str, why: str = "does not exist") -> MolthubError:
    return StallingError(
        "MH-AWS-017",
        f"The secret {name} {why}",
        fix="Create it in Secrets Manager, or correct the key in spec.secrets",
    )


def not_registered(fingerprint: str) -> MolthubError:
    return TransientError(
        "MH-AWS-018",
        f"No registered revision has the content {fingerprint}",
        fix="Plan again: the revision was deregistered or never registered",
    )


def registered_differs(family: str, paths: list[str]) -> MolthubError:
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004 - enough to see
    return StallingError(
        "MH-AWS-023",
        f"AWS registered the task definition {family} with other settings than asked for: {shown}",
        fix="Report it: Molthub does not yet know this default of AWS; the running service was left alone",
    )


def no_group(name: str) -> MolthubError:
    return TransientError(
        "MH-AWS-009", f"AWS does not find the security group {name}", fix="Plan again: it is created first"
    )


def no_target_group(name: str) -> MolthubError:
    return TransientError(
        "MH-AWS-009", f"AWS does not find the target group {name}", fix="Plan again: it is created first"
    )


def no_file_system(name: str) -> MolthubError:
    return TransientError(
        "MH-AWS-009", f"AWS does not find the file system {name}", fix="Plan again: it is created first"
    )


def unknown_rollout(rollout_id: str, service: str) -> MolthubError:
    return TransientError(
        "MH-AWS-022",
        f"ECS no longer knows the deployment {rollout_id} of the service {service}",
        fix="Plan again: the service's present state decides",
    )


def bucket_gone(name: str) -> MolthubError:
    return StallingError(
        "MH-AWS-027",
        f"The bucket {name} of the environment's stack is gone, and with it the lease, so nothing is written",
        fix=f"Make it again by hand, private and versioned: aws s3api create-bucket --bucket {name}",
    )


def incomplete_stack(stack: str, output: str) -> MolthubError:
    return StallingError(
        "MH-AWS-025",
        f"The stack {stack} does not say its output {output}, or not as Molthub wrote it",
        fix="Run `molthub bootstrap`, which puts the template back; or name cluster, VPC and subnets in spec.aws",
    )


def not_bootstrapped(environment: str) -> MolthubError:
    return StallingError(
        "MH-AWS-024",
        f"{environment} is not bootstrapped: it has no stack, and its manifest does not name cluster and network",
        fix=f"Make its base with `molthub bootstrap --environment {environment}`",
    )
