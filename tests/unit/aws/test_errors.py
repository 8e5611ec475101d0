"""Every botocore error becomes one error a person can act on, and never repeats a secret."""

from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from molthub.aws import errors
from molthub.aws.errors import Call, translate
from molthub.errors import MolthubError, StallingError, TransientError, WaitingError


def client_error(code: str, message: str = "AWS says so.", status: int = 400) -> boto.ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(response, "DescribeServices")


CALL = Call("ecs", "DescribeServices", "cluster main")


@pytest.mark.parametrize(
    ("error", "kind", "ref", "message"),
    [
        (boto.NoCredentialsError(), StallingError, "MH-AWS-001", "There are no AWS credentials"),
        (boto.ProfileNotFound(profile="x"), StallingError, "MH-AWS-001", "There is no AWS profile 'x'"),
        (
            boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            StallingError,
            "MH-AWS-001",
            "The AWS credentials are incomplete: AWS_SECRET_ACCESS_KEY is missing",
        ),
        (
            boto.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
            StallingError,
            "MH-AWS-001",
            "The AWS credentials cannot be fetched from custom-process",
        ),
        (
            client_error("RequestTimeTooSkewed"),
            StallingError,
            "MH-AWS-060",
            "The clock of this machine is wrong: AWS refuses its signatures (RequestTimeTooSkewed)",
        ),
        (
            client_error("SignatureDoesNotMatch", "Signature not yet current: 2027 is still later than 2026"),
            StallingError,
            "MH-AWS-060",
            "The clock of this machine is wrong: AWS refuses its signatures (SignatureDoesNotMatch)",
        ),
        (
            client_error("SignatureDoesNotMatch", "The request signature we calculated does not match"),
            StallingError,
            "MH-AWS-001",
            "AWS does not accept the credentials (SignatureDoesNotMatch)",
        ),
        (
            client_error("UnrecognizedClientException"),
            StallingError,
            "MH-AWS-001",
            "AWS does not accept the credentials (UnrecognizedClientException)",
        ),
        (client_error("ExpiredTokenException"), StallingError, "MH-AWS-002", "The AWS credentials have expired"),
        (
            boto.UnauthorizedSSOTokenError(),
            StallingError,
            "MH-AWS-002",
            "The AWS single sign-on session has expired, or never began",
        ),
        (
            client_error("AccessDeniedException"),
            StallingError,
            "MH-AWS-003",
            "AWS denies ecs:DescribeServices for cluster main",
        ),
        (
            client_error(
                "AccessDenied",
                "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: "
                "arn:aws:iam::1:role/mh-x with an explicit deny in a permissions boundary",
            ),
            StallingError,
            "MH-AWS-003",
            "AWS denies iam:PassRole on arn:aws:iam::1:role/mh-x (an explicit deny)",
        ),
        (client_error("ThrottlingException"), TransientError, "MH-AWS-005", "AWS throttles ecs:DescribeServices"),
        (
            boto.EndpointConnectionError(endpoint_url="https://ecs.eu-west-1.amazonaws.com/"),
            TransientError,
            "MH-AWS-006",
            "AWS cannot be reached: ecs:DescribeServices got no answer from https://ecs.eu-west-1.amazonaws.com/",
        ),
        (
            boto.ReadTimeoutError(endpoint_url="https://x/"),
            TransientError,
            "MH-AWS-006",
            "AWS cannot be reached: ecs:DescribeServices got no answer from https://x/",
        ),
        (boto.NoRegionError(), StallingError, "MH-AWS-007", "No region is known for AWS"),
        (
            client_error("OptInRequired"),
            StallingError,
            "MH-AWS-007",
            "The region is not enabled for this account: ecs:DescribeServices was refused (OptInRequired)",
        ),
        (
            client_error("LimitExceededException", "Cannot exceed quota."),
            StallingError,
            "MH-AWS-008",
            (
                "A quota of the account is used up: ecs:DescribeServices for cluster main: "
                "Cannot exceed quota (LimitExceededException)"
            ),
        ),
        (
            client_error("InvalidParameterException", "Bad  thing\nhere."),
            StallingError,
            "MH-AWS-010",
            "AWS refuses ecs:DescribeServices for cluster main: Bad thing here (InvalidParameterException)",
        ),
        (
            client_error("ConcurrentModification"),
            TransientError,
            "MH-AWS-011",
            "Somebody else changes the same thing: ecs:DescribeServices for cluster main (ConcurrentModification)",
        ),
        (
            client_error("ServerException", status=500),
            TransientError,
            "MH-AWS-012",
            "AWS itself failed at ecs:DescribeServices for cluster main (ServerException)",
        ),
        (
            client_error("WhoKnows", status=503),
            TransientError,
            "MH-AWS-012",
            "AWS itself failed at ecs:DescribeServices for cluster main (WhoKnows)",
        ),
        (
            client_error("ClusterNotFoundException"),
            StallingError,
            "MH-AWS-020",
            "There is no such ECS cluster for cluster main",
        ),
        (
            ResponseParserError("<html>"),
            TransientError,
            "MH-AWS-019",
            "ecs:DescribeServices failed for cluster main: ResponseParserError",
        ),
    ],
)
def test_translated(error: Exception, kind: type[MolthubError], ref: str, message: str) -> None:
    found = translate(error, CALL)
    assert type(found) is kind
    assert (found.ref, found.diagnostic.message) == (ref, message)
    assert found.diagnostic.fix


def test_our_own_errors_pass_through() -> None:
    own = errors.draining("x")
    assert translate(own, CALL) is own


@pytest.mark.parametrize("code", ["ValidationException", "LimitExceededException", "ResourceNotFoundException"])
def test_no_secret_is_repeated(code: str) -> None:
    value = "hunter" + "2-the-token"
    found = translate(
        client_error(code, f"the value {value} is bad"), Call("secretsmanager", "CreateSecret", "secret x")
    )
    assert value not in str(found)
    assert code in str(found)


def test_a_refused_parameter_of_a_secret_is_not_repeated() -> None:
    value = "hunter" + "2-the-token"
    error = boto.ParamValidationError(report=f"Invalid length for SecretString, value: {value}")
    assert value not in str(translate(error, Call("secretsmanager", "CreateSecret")))
    assert "Invalid length" in str(translate(error, Call("ecs", "CreateService")))


def test_long_words_are_cut() -> None:
    assert len(str(translate(client_error("Odd", "x" * 5000), CALL))) < 700


def test_waiting_errors_say_when_to_come_back() -> None:
    for error in (errors.draining("s"), errors.group_in_use("g"), errors.role_not_usable("r")):
        assert isinstance(error, WaitingError)
        assert error.after > 0
