"""The seam: pages to the end, never a short list; every call counted; expected codes told apart."""

from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from molthub.aws.api import PAGING, Api, Refusal
from molthub.errors import StallingError, TransientError


class FakeClients:
    """Answers each call with the next scripted answer; remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def client(self, _service: str) -> Any:
        return self

    def __getattr__(self, operation: str) -> Any:
        def answer(**params: Any) -> Any:
            self.asked.append((operation, params))
            item = self.answers.pop(0)
            if isinstance(item, Exception):
                raise item
            return item

        return answer


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "X")


def test_pages_are_read_to_the_end_with_the_largest_size() -> None:
    clients = FakeClients({"serviceArns": ["a"], "nextToken": "t"}, {"serviceArns": ["b"]})
    api = Api(clients)
    assert api.items("ecs", "ListServices", cluster="c") == ["a", "b"]
    assert clients.asked == [
        ("list_services", {"cluster": "c", "maxResults": 100}),
        ("list_services", {"cluster": "c", "maxResults": 100, "nextToken": "t"}),
    ]
    assert (api.total, api.counts["ecs:ListServices"]) == (2, 2)


def test_a_page_that_fails_is_a_failure_not_a_short_list() -> None:
    clients = FakeClients({"serviceArns": ["a"], "nextToken": "t"}, refused("ThrottlingException"))
    with pytest.raises(TransientError, match="MH-AWS-005"):
        Api(clients).items("ecs", "ListServices", cluster="c")


@pytest.mark.parametrize(
    ("service", "operation", "answers", "how"),
    [
        ("ecs", "ListServices", [{}], "without serviceArns"),
        ("iam", "ListRoles", [{"Roles": [], "IsTruncated": True}], "cut short without a marker"),
        (
            "ecs",
            "ListServices",
            [{"serviceArns": [], "nextToken": "t"}, {"serviceArns": [], "nextToken": "t"}],
            "with the same page twice",
        ),
    ],
)
def test_a_truncated_answer_is_a_failure(service: str, operation: str, answers: list[Any], how: str) -> None:
    with pytest.raises(TransientError, match=f"AWS answered {service}:{operation} {how}"):
        Api(FakeClients(*answers)).items(service, operation)


def test_an_empty_token_ends_the_pages() -> None:
    clients = FakeClients({"ResourceTagMappingList": [1], "PaginationToken": ""})
    assert Api(clients).items("resourcegroupstaggingapi", "GetResources") == [1]


def test_expected_codes_are_an_answer_and_others_raise() -> None:
    api = Api(FakeClients(refused("NoSuchEntity"), refused("AccessDenied")))
    answer = api.expecting(frozenset({"NoSuchEntity"}), "iam", "GetRole", RoleName="r")
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.words) == ("NoSuchEntity", "no")
    with pytest.raises(StallingError, match="AWS denies iam:GetRole for role r"):
        api.expecting(frozenset({"NoSuchEntity"}), "iam", "GetRole", subject="role r", RoleName="r")


def test_a_failing_call_with_a_secret_keeps_no_trace_of_it() -> None:
    api = Api(FakeClients(refused("InternalServiceError")))
    with pytest.raises(TransientError) as caught:
        api.call("secretsmanager", "CreateSecret", SecretString="x")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


class Asked:
    """A throttle that remembers what it was asked, and lets everything pass."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []

    def wait(self, service: str, operation: str, subject: str) -> None:
        self.calls.append((service, operation, subject))

    def throttled(self, service: str, operation: str) -> None:
        """Not told here: the clients tell it."""

    def has_spare(self, service: str, operation: str) -> bool:
        return (service, operation) == ("ecs", "DeregisterTaskDefinition")


def test_the_throttle_is_asked_before_each_call() -> None:
    asked = Asked()
    api = Api(FakeClients({}, {}), asked)
    api.call("ecs", "DescribeServices", subject="its past")
    api.call("iam", "GetRole")
    assert asked.calls == [("ecs", "DescribeServices", "its past"), ("iam", "GetRole", "")]
    assert api.has_spare("ecs", "DeregisterTaskDefinition")
    assert not api.has_spare("ecs", "RegisterTaskDefinition")


def test_page_sizes_are_within_botocores_models() -> None:
    session = botocore.session.get_session()
    homes = {"ListServices": "ecs", "ListTasks": "ecs", "ListTaskDefinitions": "ecs", "ListServiceDeployments": "ecs"}
    homes |= {"DescribeSecurityGroups": "ec2", "DescribeLogGroups": "logs", "ListSecrets": "secretsmanager"}
    homes |= {"GetResources": "resourcegroupstaggingapi", "DescribeNetworkInterfaces": "ec2"}
    homes |= dict.fromkeys(("DescribeFileSystems", "DescribeMountTargets", "DescribeAccessPoints"), "efs")
    homes |= dict.fromkeys(("ListRecoveryPointsByBackupVault", "ListBackupJobs", "ListRestoreJobs"), "backup")
    homes |= dict.fromkeys(("DescribeRules", "DescribeTargetGroups", "DescribeLoadBalancers"), "elbv2")
    homes |= {"DescribeVpcs": "ec2"}
    for operation, paging in PAGING.items():
        model = session.get_service_model(homes.get(operation, "iam")).operation_model(operation)
        size = model.input_shape.members[paging.size]
        assert paging.most <= size.metadata.get("max", paging.most)
        assert {paging.request, paging.size} <= set(model.input_shape.members)
        assert {paging.answer, paging.items} <= set(model.output_shape.members)
