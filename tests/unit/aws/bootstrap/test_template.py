"""The base stack's template: what is always true of it, whatever a manifest asks for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from molthub.aws.bootstrap.control import place_of
from molthub.aws.bootstrap.parts import Part, joined, resolved, resource, tags_of
from molthub.aws.bootstrap.template import MOST_BYTES, example_spec, first_part, names_of, template, template_text
from molthub.aws.permissions.boundary import boundary_policy
from molthub.aws.permissions.policy import size_of
from molthub.manifest.environment import Nat
from molthub.manifest.fields import MAX_NAME
from molthub.provider.bootstrap import BaseSpec
from molthub.resources.identity import EnvironmentKey
from molthub.simulator.iam.evaluator import Ask, Rights, decide
from tests.fakes.bases import VARIANTS, base_spec, ingress_spec

GOLDEN = Path(__file__).parents[3] / "golden" / "base-stack.json"
Json = dict[str, Any]

every_variant = pytest.mark.parametrize("spec", [*VARIANTS.values(), example_spec()], ids=[*VARIANTS, "print"])


def _of_kind(made: Json, kind: str) -> dict[str, Json]:
    return {
        name: item.get("Properties", {}) for name, item in made["Resources"].items() if item["Type"] == f"AWS::{kind}"
    }


def test_the_default_is_this() -> None:
    """Written anew by `MOLTHUB_UPDATE_GOLDEN=1 python -m pytest …`; its diff is the review of a change."""
    made = template(base_spec())
    for policy in _of_kind(made, "IAM::ManagedPolicy").values():
        policy["PolicyDocument"] = "docs/reference/permissions.md"  # it has a page, and tests, of its own
    text = json.dumps(made, indent=1, sort_keys=True) + "\n"
    if os.environ.get("MOLTHUB_UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@every_variant
def test_it_is_the_same_every_time_and_fits(spec: BaseSpec) -> None:
    text = template_text(spec)
    assert text == template_text(spec)
    assert len(text.encode()) < MOST_BYTES


def test_whatever_is_asked_for_there_is_a_first_step_that_fits() -> None:
    """The largest a manifest can ask for, with the longest names, is above the limit; its first part is not."""
    longest = EnvironmentKey("w" * MAX_NAME, "e" * MAX_NAME)
    spec = replace(VARIANTS["largest"], fleet="f" * MAX_NAME, key=longest)
    assert len(template_text(spec).encode()) > MOST_BYTES
    first = template_text(first_part(spec))
    assert len(first.encode()) < MOST_BYTES
    assert not {"Balancer1", "Controller"} & json.loads(first)["Resources"].keys()
    assert "Bucket" in json.loads(first)["Outputs"]


@pytest.mark.parametrize("name", ["default", "endpoints-only", "existing-with-ingress", "largest"])
def test_cfn_lint_finds_nothing(name: str) -> None:
    found = lint(template_text(VARIANTS[name]), config=ManualArgs(regions=["eu-west-1"]))
    assert [str(match) for match in found] == []


@every_variant
def test_nothing_gets_a_public_address_by_itself(spec: BaseSpec) -> None:
    made = template(spec)
    assert {item["MapPublicIpOnLaunch"] for item in _of_kind(made, "EC2::Subnet").values()} <= {False}


@every_variant
def test_only_load_balancers_are_open_and_only_on_443(spec: BaseSpec) -> None:
    groups = _of_kind(template(spec), "EC2::SecurityGroup")
    for name, group in groups.items():
        for rule in group.get("SecurityGroupIngress", ()):
            allowed = spec.ingress.allow_from if name == "BalancerGroup" and spec.ingress else (spec.cidr,)
            assert rule["CidrIp"] in allowed, (name, rule)
            assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
        assert "SecurityGroupEgress" in group, f"{name} would be open to everywhere"
        assert all(rule.get("CidrIp") in (None, "127.0.0.1/32") for rule in group["SecurityGroupEgress"])


@every_variant
def test_private_subnets_have_no_way_in_from_the_internet(spec: BaseSpec) -> None:
    routes = _of_kind(template(spec), "EC2::Route")
    private = {name: item for name, item in routes.items() if name.startswith("PrivateWayOut")}
    assert all("NatGatewayId" in item and "GatewayId" not in item for item in private.values())
    own = spec.vpc_id is None and spec.nat is not Nat.NONE
    assert len(private) == (spec.zones if own else 0)


@every_variant
def test_each_private_subnet_has_its_own_table(spec: BaseSpec) -> None:
    found = _of_kind(template(spec), "EC2::SubnetRouteTableAssociation").values()
    pairs = {item["SubnetId"]["Ref"]: item["RouteTableId"]["Ref"] for item in found}
    assert all(pairs[name].removeprefix("Private").startswith("Routes") for name in pairs if "Private" in name)
    assert len({table for table in pairs.values() if "Private" in table}) == (0 if spec.vpc_id else spec.zones)


@every_variant
def test_what_keeps_data_is_encrypted_and_kept_when_replaced(spec: BaseSpec) -> None:
    made = template(spec)
    for name, item in made["Resources"].items():
        if item["Type"] in {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Backup::BackupVault", "AWS::Logs::LogGroup"}:
            assert item["UpdateReplacePolicy"] == "Retain", name
    assert all("KmsKeyId" in item for item in _of_kind(made, "Logs::LogGroup").values())
    assert all("EncryptionKeyArn" in item for item in _of_kind(made, "Backup::BackupVault").values())
    bucket = _of_kind(made, "S3::Bucket")["Bucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert _of_kind(made, "KMS::Key")["Key"]["EnableKeyRotation"] is True


@every_variant
def test_roles_are_bounded_or_only_an_aws_service_of_this_account_takes_them(spec: BaseSpec) -> None:
    roles = _of_kind(template(spec), "IAM::Role")
    bounded = {name for name, item in roles.items() if "PermissionsBoundary" in item}
    assert roles.keys() - bounded == {"BackupRole", "Reconciler"}, "the boundary is for what runs Moltbots"
    statement = roles["BackupRole"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {"Service": "backup.amazonaws.com"}
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def _backs_up(action: str, tags: Json, *, on: str = "file-system/fs-1") -> bool:
    (inline,) = _of_kind(template(base_spec()), "IAM::Role")["BackupRole"]["Policies"]
    service = action.partition(":")[0]
    ask = Ask(
        action,
        f"arn:aws:{service}:eu-west-1:123456789012:{on}",
        {f"aws:resourcetag/{k}": (v,) for k, v in tags.items()},
    )
    return decide(Rights([_filled(inline["PolicyDocument"])]), ask).allowed


def test_the_backup_role_copies_and_overwrites_nothing_but_the_environments_file_systems() -> None:
    ours = tags_of(base_spec())
    assert _backs_up("elasticfilesystem:Backup", ours)
    assert _backs_up("elasticfilesystem:Restore", {}), "a new file system has no tags yet"
    assert not _backs_up("elasticfilesystem:Backup", {})
    for key in ours:
        assert not _backs_up("elasticfilesystem:Backup", ours | {key: "another"})
        assert not _backs_up("elasticfilesystem:Restore", ours | {key: "another"})
    assert not _backs_up("ec2:CreateSnapshot", ours, on="volume/vol-1")
    assert not _backs_up("backup:CopyIntoBackupVault", ours, on="backup-vault:another")


@every_variant
def test_managed_policies_fit_iam(spec: BaseSpec) -> None:
    for name, item in _of_kind(template(spec), "IAM::ManagedPolicy").items():
        assert size_of(_filled(item["PolicyDocument"])) <= 6144, name


def _filled(value: Any) -> Any:
    """Functions taken away again: IAM is given what they say."""
    if isinstance(value, dict):
        return value["Fn::Sub"] if "Fn::Sub" in value else {key: _filled(item) for key, item in value.items()}
    return [_filled(item) for item in value] if isinstance(value, list) else value


def test_the_boundary_is_the_permissions_packages_own() -> None:
    made = _of_kind(template(base_spec()), "IAM::ManagedPolicy")["Boundary"]["PolicyDocument"]
    sids = [item["Sid"] for item in made["Statement"]]
    names = names_of(base_spec())
    assert sids == [
        item["Sid"] for item in boundary_policy(place_of(base_spec(), names), bucket=names.bucket)["Statement"]
    ]
    assert made["Statement"][-1]["Effect"] == "Deny"


def test_endpoints_without_nat_and_the_free_one_with_it() -> None:
    def services(spec: BaseSpec) -> set[str]:
        found = _of_kind(template(spec), "EC2::VPCEndpoint").values()
        return {item["ServiceName"]["Fn::Sub"].rpartition("${AWS::Region}.")[2] for item in found}

    assert services(base_spec()) == {"s3"}
    assert services(base_spec(nat=Nat.NONE)) == {
        *("s3", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "bedrock-runtime", "sts")
    }


def test_another_zone_or_way_out_moves_no_subnet() -> None:
    def blocks(spec: BaseSpec) -> dict[str, str]:
        return {name: item["CidrBlock"] for name, item in _of_kind(template(spec), "EC2::Subnet").items()}

    small, large = blocks(base_spec()), blocks(base_spec(zones=4, nat=Nat.PER_ZONE, ingress=ingress_spec()))
    assert small.items() <= large.items()
    assert len(set(large.values())) == 8


def test_existing_things_are_used_and_not_made() -> None:
    made = template(VARIANTS["existing"])
    kinds = {item["Type"].split("::")[1] for item in made["Resources"].values()}
    assert kinds == {"Backup", "EC2", "IAM", "KMS", "S3"}
    assert {item["Type"] for item in made["Resources"].values() if "EC2" in item["Type"]} == {
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupIngress",
    }
    assert made["Outputs"]["Cluster"]["Value"] == "shared"


def test_load_balancers_refuse_what_no_rule_takes() -> None:
    made = template(VARIANTS["ingress"])
    for listener in _of_kind(made, "ElasticLoadBalancingV2::Listener").values():
        assert listener["DefaultActions"] == [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}]
        assert "TLS13-1-2-Res" in listener["SslPolicy"]
    for balancer in _of_kind(made, "ElasticLoadBalancingV2::LoadBalancer").values():
        attributes = {item["Key"]: item["Value"] for item in balancer["LoadBalancerAttributes"]}
        assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
        assert attributes["routing.http.desync_mitigation_mode"] == "strictest"
    gate = _of_kind(made, "EC2::SecurityGroupIngress")["GateMembersIngress"]
    assert (gate["FromPort"], gate["SourceSecurityGroupId"]) == (8080, {"Fn::GetAtt": ["BalancerGroup", "GroupId"]})
    assert len(_of_kind(made, "WAFv2::WebACLAssociation")) == 2
    assert _of_kind(template(base_spec(ingress=ingress_spec())), "WAFv2::WebACL") == {}


def test_placeholders_become_functions_and_iams_own_variables_stay() -> None:
    assert resolved("plain ${aws:PrincipalTag/x}") == "plain ${aws:PrincipalTag/x}"
    assert resolved("${Key}") == {"Ref": "Key"}
    assert resolved("${AWS::Region}") == {"Ref": "AWS::Region"}
    assert resolved(["${Key.Arn}"]) == [{"Fn::GetAtt": ["Key", "Arn"]}]
    assert resolved("arn:${AWS::Partition}:x/${aws:username}") == {
        "Fn::Sub": "arn:${AWS::Partition}:x/${!aws:username}"
    }


def test_two_parts_never_share_a_name() -> None:
    part = Part({"Vpc": resource("AWS::EC2::VPC")})
    with pytest.raises(ValueError, match="two parts of the template use"):
        joined([part, part])


def test_nothing_of_the_account_is_written_into_the_printed_template() -> None:
    assert "123456789012" not in template_text(example_spec())
    assert list(_numbers(template(example_spec()))) == []


def _numbers(value: Any) -> Iterator[str]:
    """Strings that hold twelve digits in a row: an account."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, str) and any(part.isdigit() and len(part) == 12 for part in value.split(":")):
        yield value
