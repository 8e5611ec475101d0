"""Groups, roles, log groups and secrets as AWS tells them → our types."""

from typing import Any
from urllib.parse import quote

import pytest

from molthub.aws.arns import Account, Names
from molthub.aws.readers import history, log_groups, roles, secrets, security_groups
from molthub.resources.normal import canonical_policy
from molthub.resources.observation import SecretFacts
from molthub.resources.types import LogGroup, Rule, Secret

ACCOUNT = Account("aws", "123456789012", "eu-west-1")
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme/model-AbCdEf"
NAMES = Names(ACCOUNT, "/molthub/f/", secrets={ARN: "acme/model"})

RULES = (
    Rule("-1", None, None, "0.0.0.0/0"),
    Rule("tcp", 443, 443, "10.0.0.0/8", "inside"),
    Rule("tcp", 443, 443, "::/0"),
    Rule("udp", 53, 53, "sg-12"),
    Rule("tcp", 443, 443, "pl-12", "s3"),
    Rule("icmp", -1, -1, "10.0.0.0/8"),
)


def test_every_rule_is_written_and_read_back_the_same() -> None:
    told = [security_groups.permission_of(rule) for rule in RULES]
    assert security_groups.project_rules(told) == RULES


def test_aws_gathers_peers_under_one_permission() -> None:
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "11.0.0.0/8", "Description": "x"}],
        "UserIdGroupPairs": [{"GroupId": "sg-1", "UserId": "1"}],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
    }
    assert security_groups.project_rules([permission]) == (
        Rule("tcp", 443, 443, "10.0.0.0/8"),
        Rule("tcp", 443, 443, "11.0.0.0/8", "x"),
        Rule("tcp", 443, 443, "sg-1"),
    )


def role(**changes: Any) -> dict[str, Any]:
    trust = {"Version": "2012-10-17", "Statement": {"Action": "sts:AssumeRole", "Effect": "Allow"}}
    told = {"RoleName": "mh-x", "Path": "/molthub/f/", "AssumeRolePolicyDocument": trust}
    return told | changes


def test_a_policy_is_canonical_with_its_secrets_named() -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": [ARN, "arn:aws:s3:::x"]}
        ],
    }
    found = roles.project_role(role(RolePolicyList=[{"PolicyName": "p", "PolicyDocument": document}]), NAMES)
    symbolic = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["secretsmanager:GetSecretValue"],
                "Resource": ["arn:aws:s3:::x", "${secret:acme/model}"],
            }
        ],
    }
    assert found.inline_policies == (("p", canonical_policy(symbolic)),)


def test_a_role_without_the_optional_members() -> None:
    found = roles.project_role(role(), NAMES)
    assert (found.description, found.max_session_seconds, found.permissions_boundary) == ("", 3600, None)


def test_attached_policies_and_boundary_show() -> None:
    told = role(
        AttachedManagedPolicies=[{"PolicyName": "b", "PolicyArn": "arn:b"}, {"PolicyName": "a", "PolicyArn": "arn:a"}],
        PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:boundary"},
    )
    found = roles.project_role(told, NAMES)
    assert (found.attached_policies, found.permissions_boundary) == (("arn:a", "arn:b"), "arn:boundary")


def test_a_policy_that_is_no_json_stays_as_it_is() -> None:
    assert roles.policy_text(quote("{}"), NAMES) == "%7B%7D"


def test_a_log_group_with_and_without_retention() -> None:
    told = {"logGroupName": "/molthub/f/x", "retentionInDays": 30, "storedBytes": 9}
    tagged = log_groups.project_group(told, {"b": "2", "a": "1", "aws:x": "y"})
    assert tagged == LogGroup("/molthub/f/x", 30, (("a", "1"), ("b", "2")))
    assert log_groups.project_group({"logGroupName": "/molthub/f/x"}, {}) == LogGroup("/molthub/f/x", None)
    for arn in ("arn:aws:logs:eu-west-1:1:log-group:/molthub/f/x", "arn:aws:logs:eu-west-1:1:log-group:/molthub/f/x:*"):
        assert log_groups.name_of(arn) == "/molthub/f/x"


def test_a_secret_in_both_spellings() -> None:
    stages = {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT", "AWSPENDING"]}
    for member in ("SecretVersionsToStages", "VersionIdsToStages"):
        told = {"Name": "acme/model", "ARN": ARN, member: stages}
        assert secrets.project_facts(told) == SecretFacts("acme/model", ARN, "v2")
    gone = {"Name": "acme/model", "ARN": ARN, "DeletedDate": "2026-11-01"}
    assert secrets.project_facts(gone) == SecretFacts("acme/model", ARN, None, deleted=True)


def test_the_accounts_own_key_reads_as_no_key() -> None:
    told = {"Name": "s", "Description": "d", "KmsKeyId": "arn:aws:kms:eu-west-1:1:alias/aws/secretsmanager"}
    assert secrets.project_secret(told) == Secret("s", "d")
    assert secrets.project_secret({"Name": "s"}) == Secret("s", "")


KMS = "arn:aws:kms:eu-west-1:123456789012:"
ELSEWHERE = "arn:aws:kms:eu-west-1:210987654321:key/1b2c3d4e-0000-4000-8000-1234567890ab"


@pytest.mark.parametrize(
    ("told", "key", "alias"),
    [
        ("1b2c3d4e-0000-4000-8000-1234567890ab", KMS + "key/1b2c3d4e-0000-4000-8000-1234567890ab", None),
        ("mrk-1b2c3d4e", KMS + "key/mrk-1b2c3d4e", None),
        (ELSEWHERE, ELSEWHERE, None),
        ("alias/mine", KMS + "alias/mine", "alias/mine"),
        ("arn:aws:kms:eu-west-1:210987654321:alias/a/b", "arn:aws:kms:eu-west-1:210987654321:alias/a/b", "alias/a/b"),
        ("alias/aws/secretsmanager", None, None),
        (None, None, None),
    ],
)
def test_a_customer_key_by_its_arn(told: str | None, key: str | None, alias: str | None) -> None:
    facts = secrets.project_facts({"Name": "acme/model", "ARN": ARN, "KmsKeyId": told})
    assert (facts.kms_key, facts.alias) == (key, alias)
    assert secrets.project_secret({"Name": "acme/model", "ARN": ARN, "KmsKeyId": told}).kms_key == key


def test_stopped_alone_is_no_failure() -> None:
    tripped = {"deploymentCircuitBreaker": {"status": "TRIGGERED"}}
    assert not history.is_failure({"status": "STOPPED"})
    assert history.is_failure({"status": "STOPPED"} | tripped)
    assert history.is_failure({"status": "ROLLBACK_SUCCESSFUL"})
    assert not history.is_failure({"status": "SUCCESSFUL"} | tripped)
