"""What operations ask for, where it is more than an action of their own name on an object of theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.aws_objects import TRUST
from tests.fakes.simulator import ACCOUNT, REGION, SUBNETS, VPC, TestSimulator

ROLE = f"arn:aws:iam::{ACCOUNT}:role/doer"
ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
OURS = [{"Key": "molthub:fleet", "Value": "acme-bots"}]
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture
def doer(simulator: TestSimulator) -> Callable[[str], Any]:
    """Clients of a session that may do everything, so that every question is asked to its end."""
    iam = simulator.client("iam")
    iam.create_role(RoleName="doer", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="doer", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    simulator.control.act_as("AKIADOER", ROLE)
    return lambda service: simulator.client(service, access_key="AKIADOER")


def asked(simulator: TestSimulator) -> list[dict[str, Any]]:
    found = simulator.control.decisions()
    simulator.control.reset_counters()
    return found


def test_target_groups_and_rules(simulator: TestSimulator, doer: Callable[[str], Any]) -> None:
    elb = doer("elbv2")
    group = elb.create_target_group(Name="bots", Protocol="HTTP", Port=8080, VpcId=VPC, TargetType="ip", Tags=OURS)[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    made = asked(simulator)
    assert [(item["action"], item["resource"]) for item in made] == [
        ("elasticloadbalancing:CreateTargetGroup", f"{ELB}:targetgroup/bots/*"),
        ("elasticloadbalancing:AddTags", f"{ELB}:targetgroup/bots/*"),
    ]
    assert made[1]["context"]["elasticloadbalancing:createaction"] == ["CreateTargetGroup"]
    assert made[0]["context"]["aws:requesttag/molthub:fleet"] == ["acme-bots"]
    listener = a_listener(simulator, group)
    simulator.control.reset_counters()
    rule = elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "host-header", "Values": ["a.example.com"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
        Tags=OURS,
    )["Rules"][0]["RuleArn"]
    elb.delete_rule(RuleArn=rule)
    (create, tags, delete) = asked(simulator)
    assert (create["resource"], tags["resource"]) == (listener, f"{listener.replace('listener', 'listener-rule', 1)}/*")
    assert (delete["action"], delete["resource"]) == ("elasticloadbalancing:DeleteRule", rule)
    assert delete["context"]["aws:resourcetag/molthub:fleet"] == ["acme-bots"]


def a_listener(simulator: TestSimulator, group: str) -> str:
    elb = simulator.client("elbv2")
    balancer = elb.create_load_balancer(Name="shared", Subnets=list(SUBNETS))["LoadBalancers"][0]["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    made = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
    return str(made["Listeners"][0]["ListenerArn"])


def test_file_systems_and_access_points(simulator: TestSimulator, doer: Callable[[str], Any]) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1b2c3d4e-0000-4000-8000-1234567890ab"
    efs, here = doer("efs"), f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}"
    made = efs.create_file_system(CreationToken="a", Encrypted=True, KmsKeyId=key, Tags=OURS)["FileSystemId"]
    created = asked(simulator)
    assert [(item["action"], item["resource"]) for item in created] == [
        ("elasticfilesystem:CreateFileSystem", "*"),
        ("elasticfilesystem:TagResource", f"{here}:file-system/*"),
        ("kms:DescribeKey", key),
        ("kms:CreateGrant", key),
    ]
    assert created[0]["context"]["elasticfilesystem:encrypted"] == ["true"]
    efs.describe_file_systems()
    efs.describe_mount_targets(FileSystemId=made)
    (everything, one) = asked(simulator)
    assert (everything["resource"], one["resource"]) == (f"{here}:file-system/*", f"{here}:file-system/{made}")
    assert one["context"]["aws:resourcetag/molthub:fleet"] == ["acme-bots"]


def test_records_are_judged_by_zone_name_type_and_change(simulator: TestSimulator, doer: Callable[[str], Any]) -> None:
    zone = simulator.client("route53").create_hosted_zone(Name="bots.example.com", CallerReference="1")["HostedZone"][
        "Id"
    ]
    record = {"Name": "A.bots.example.com.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"x"'}]}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    doer("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    (change,) = asked(simulator)
    assert change["resource"] == f"arn:aws:route53:::hostedzone/{zone.rpartition('/')[2]}"
    context = change["context"]
    assert context["route53:changeresourcerecordsetsnormalizedrecordnames"] == ["a.bots.example.com"]
    assert context["route53:changeresourcerecordsetsrecordtypes"] == ["TXT"]
    assert context["route53:changeresourcerecordsetsactions"] == ["UPSERT"]


def test_a_secret_under_a_customer_key_asks_for_the_key(simulator: TestSimulator, doer: Callable[[str], Any]) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1b2c3d4e-0000-4000-8000-1234567890ab"
    doer("secretsmanager").create_secret(Name="bot", SecretString="x", KmsKeyId=key, Tags=OURS)
    doer("secretsmanager").get_secret_value(SecretId="bot")
    found = asked(simulator)
    assert [item["action"] for item in found] == [
        "secretsmanager:CreateSecret",
        "secretsmanager:TagResource",
        "kms:GenerateDataKey",
        "kms:Decrypt",
        "secretsmanager:GetSecretValue",
        "kms:Decrypt",
    ]
    assert found[2]["resource"] == key
    assert found[2]["context"]["kms:viaservice"] == [f"secretsmanager.{REGION}.amazonaws.com"]


def test_a_key_is_judged_by_itself_however_it_is_called(simulator: TestSimulator, doer: Callable[[str], Any]) -> None:
    kms, secrets = simulator.client("kms"), simulator.client("secretsmanager")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/own", TargetKeyId=key["KeyId"])
    called = ("alias/own", key["KeyId"], f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/own", "alias/nowhere")
    for number, name in enumerate(called):
        secrets.create_secret(Name=f"bot/{number}", SecretString="x", KmsKeyId=name)
        doer("secretsmanager").get_secret_value(SecretId=f"bot/{number}")
    asks = [item["resource"] for item in asked(simulator) if item["action"] == "kms:Decrypt"]
    assert asks == [key["Arn"]] * 3 + [f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/nowhere"]


def test_a_role_that_is_not_there_has_no_path(simulator: TestSimulator, doer: Callable[[str], Any]) -> None:
    with pytest.raises(Exception, match="NoSuchEntity"):
        doer("iam").get_role(RoleName="nobody")
    (question,) = asked(simulator)
    assert question["resource"] == f"arn:aws:iam::{ACCOUNT}:role/nobody"


def test_log_groups_are_named_with_a_star_but_for_tags(simulator: TestSimulator, doer: Callable[[str], Any]) -> None:
    doer("logs").create_log_group(logGroupName="/bots/a", tags={"team": "support"})
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/bots/a"
    assert [(item["action"], item["resource"]) for item in asked(simulator)] == [
        ("logs:CreateLogGroup", f"{arn}:*"),
        ("logs:TagResource", arn),
    ]
