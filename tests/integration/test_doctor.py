"""The doctor on the simulated AWS: what it asks is what AWS takes, and its answers are the account's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.aws.doctor.needs import needs_of
from molthub.aws.doctor.probes import AwsProbes, aws_probes
from molthub.aws.permissions.policy import reconciler_policies
from molthub.aws.permissions.scopes import Place
from molthub.errors import MolthubError
from molthub.pipeline.doctor.cloud import checks_of, subject_of
from molthub.pipeline.doctor.running import State, run_checks
from molthub.pipeline.places import location_of
from molthub.provider.probes import QuotaKind
from molthub.resources.identity import EnvironmentKey, names_of_environment
from tests.builders import documents, environment_dict, instance_dict, loaded_environment
from tests.fakes.stage import AWS, Stage, furnished

KEY = EnvironmentKey("acme", "prod")
ROLE = "arn:aws:iam::123456789012:role/molthub/acme-bots/reconciler"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage")) as made:
        yield made


def probes_at(**aws: Any) -> AwsProbes:
    environment = loaded_environment(spec={"aws": {**AWS, **aws}})
    made = aws_probes()(KEY, location_of(environment, fleet="acme-bots"), "acme-bots")
    assert isinstance(made, AwsProbes)
    return made


def test_a_person_in_good_health(stage: Stage) -> None:
    loaded = documents(instance_dict(), environment_dict(spec={"aws": AWS}))
    probes = probes_at()
    checks = checks_of(subject_of(loaded, loaded.environments[KEY]), probes, now=lambda: datetime.now(UTC))
    results = run_checks(checks, lambda _: None)
    assert [item.name for item in results if item.finding.state is not State.OK] == ["bootstrap", "lease"]
    assert {item.finding.state for item in results} == {State.OK, State.SKIP}, "it is not bootstrapped, and need not be"
    assert stage.writes() == [] or set(stage.writes()) == {"iam:SimulatePrincipalPolicy"}


def test_the_quotas_are_the_accounts(stage: Stage) -> None:
    stage.control.set_quota("fargate", "L-3032A538", 6)
    assert probes_at().quota(QuotaKind.VCPUS) == 6.0
    assert probes_at().quota(QuotaKind.ROLES) == 1000.0


def test_an_image_in_ecr(stage: Stage) -> None:
    ecr = stage.client("ecr")
    ecr.create_repository(repositoryName="openclaw")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}
    ecr.put_image(repositoryName="openclaw", imageManifest=json.dumps(manifest), imageTag="2026.9.6")
    registry = f"{AWS['accountId']}.dkr.ecr.{AWS['region']}.amazonaws.com"
    probes = probes_at()
    assert probes.has_image(f"{registry}/openclaw:2026.9.6") is True
    assert probes.has_image(f"{registry}/openclaw:2026.9.7") is False
    assert probes.has_image(f"{registry}/nobodys:1") is False
    assert probes.has_image("ghcr.io/openclaw/openclaw:2026.9.6") is None


def _place() -> Place:
    names = names_of_environment("acme-bots", KEY, account=AWS["accountId"], region=AWS["region"])
    boundary = f"arn:aws:iam::{AWS['accountId']}:policy{names.role_path}{names.boundary}"
    return Place(
        "aws",
        AWS["accountId"],
        AWS["region"],
        "acme-bots",
        KEY.workspace,
        KEY.environment,
        AWS["cluster"],
        AWS["vpcId"],
        boundary,
    )


def test_the_reconcilers_policy_is_enough_and_one_action_less_is_not(stage: Stage) -> None:
    """The role that `bootstrap` makes passes; every single action that is taken out of it is named."""
    iam = stage.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName="reconciler", Path="/molthub/acme-bots/", AssumeRolePolicyDocument=json.dumps(trust))
    documents = reconciler_policies(_place())
    given: list[str] = []

    def allow(without: str) -> None:
        """Managed policies, as bootstrap's: together they are longer than a role's inline ones may be."""
        while given:
            iam.detach_role_policy(RoleName="reconciler", PolicyArn=given[-1])
            iam.delete_policy(PolicyArn=given.pop())
        for number, document in enumerate(documents):
            text = json.loads(json.dumps(document))
            for statement in text["Statement"]:
                statement["Action"] = [item for item in statement["Action"] if item != without] or [
                    "sts:GetCallerIdentity"
                ]
            made = iam.create_policy(PolicyName=f"molthub-{number}", PolicyDocument=json.dumps(text))["Policy"]
            iam.attach_role_policy(RoleName="reconciler", PolicyArn=made["Arn"])
            given.append(made["Arn"])

    person = probes_at()  # asks about the role with the rights of the account's own keys
    person._location = location_of(loaded_environment(spec={"aws": {**AWS, "roleArn": ROLE}}), fleet="acme-bots")
    allow("")
    assert person.denied() == ()
    for action in ("ecs:UpdateService", "iam:PassRole", "ec2:CreateTags"):
        allow(action)
        denied = person.denied()
        assert denied is not None
        assert {item.action for item in denied} == {action}
    allow("")
    assert probes_at(roleArn=ROLE).denied() is None, "the reconciler itself may not ask, and that is no failure"


def test_every_need_is_one_that_the_simulator_of_policies_takes() -> None:
    for need in needs_of(_place()):
        assert need.actions
        assert all(item == "*" or item.startswith("arn:aws:") for item in need.resources), need
        assert not any("*" in item and item != "*" for item in need.resources)


def test_the_clock_is_told_by_a_refusal_too(stage: Stage) -> None:
    probes = probes_at()
    stage.control.add_fault("expired-token", operation="sts:GetCallerIdentity")
    with pytest.raises(MolthubError, match="MH-AWS-002"):
        probes.caller()
    told = probes.server_time()
    assert told is not None
    assert abs((datetime.now(UTC) - told).total_seconds()) < 60
