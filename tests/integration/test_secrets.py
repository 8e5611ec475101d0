"""Secrets on the simulated AWS: the store, and what a new value makes of a running instance."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from molthub.apply.types import Outcome
from molthub.aws.secret_store import AwsSecretStore, aws_secret_stores
from molthub.errors import StallingError, TransientError
from molthub.health.types import Health
from molthub.pipeline.places import location_of
from molthub.pipeline.status import status_of
from molthub.planning.serialise import dump_plan
from molthub.provider.secrets import NewSecret, SecretText
from molthub.resources.identity import names_of
from molthub.resources.observation import RolloutState
from tests.builders import loaded_environment
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import AWS, Stage, by_id, furnished

NAME = "acme/prod/new"
TAGS = (("molthub:environment", "prod"), ("molthub:fleet", "acme-bots"), ("molthub:workspace", "acme"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage"), speed=50) as made:
        yield made


@pytest.fixture(scope="module")
def store(stage: Stage) -> AwsSecretStore:
    made = aws_secret_stores()(location_of(loaded_environment(spec={"aws": AWS}), fleet="acme-bots"))
    assert isinstance(made, AwsSecretStore)
    return made


def test_the_life_of_a_secret(store: AwsSecretStore) -> None:
    assert store.describe(NAME) is None
    first = store.create(NewSecret(NAME, "made by a test", TAGS), SecretText('{"a":"1"}'))
    record = store.describe(NAME)
    assert record is not None
    assert (record.version_id, record.kms_key, dict(record.tags)) == (first, None, dict(TAGS))
    second = store.put(NAME, SecretText('{"a":"2"}'), replacing=first)
    assert store.read(NAME).version_id == second
    assert store.read(NAME).value.text == '{"a":"2"}'
    with pytest.raises(TransientError, match="MH-SCRT-005"):
        store.put(NAME, SecretText('{"a":"3"}'), replacing=first)
    assert store.read(NAME).version_id == second, "the loser changed nothing"
    assert [item.name for item in store.tagged(dict(TAGS))] == [NAME]
    goes = store.delete(NAME, recovery_days=7)
    deleted = store.describe(NAME)
    assert deleted is not None
    assert deleted.deletion_at is not None
    assert goes == deleted.deletion_at
    store.restore(NAME)
    assert store.put(NAME, SecretText("{}"), replacing=second) == store.read(NAME).version_id


def test_a_lost_answer_is_no_loss(store: AwsSecretStore, stage: Stage) -> None:
    """botocore sends the move of the label again, which AWS refuses then: it was done."""
    current = store.read(NAME).version_id
    stage.control.add_fault("reset-after", operation="secretsmanager:UpdateSecretVersionStage")
    made = store.put(NAME, SecretText('{"b":"1"}'), replacing=current)
    assert store.read(NAME).version_id == made


def test_no_error_repeats_a_value(store: AwsSecretStore, stage: Stage) -> None:
    value = "hunter" + "2-of-the-store"
    stage.control.add_fault("access-denied", operation="secretsmanager:PutSecretValue")
    with pytest.raises(StallingError, match="MH-AWS-003 AWS denies secretsmanager:PutSecretValue") as caught:
        store.put(NAME, SecretText(value), replacing=None)
    assert value not in repr(caught.value)
    assert caught.value.__suppress_context__
    assert value not in repr(SecretText(value))
    with pytest.raises(StallingError, match="MH-AWS-010"):
        store.put(NAME, SecretText(""), replacing=None)


def secret(stage: Stage, *arguments: str, piped: str) -> subprocess.CompletedProcess[str]:
    """`molthub secret …` as a process, with a value piped in."""
    return subprocess.run(
        [sys.executable, "-m", "molthub", "secret", *arguments],
        env=stage.variables
        | {f"GIT_{who}_{what}": "ana@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        cwd=stage.repo,
        input=piped,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_rotated_secret_rolls_its_instance_out_anew(stage: Stage, store: AwsSecretStore) -> None:
    value = "123456" + ":rotated-token"
    stage.commit(bot("support-bot"))
    assert stage.session().apply()["support-bot"].outcome is Outcome.APPLIED
    ended = secret(stage, "rotate", "support-bot", "TELEGRAM_BOT_TOKEN", piped=value)
    assert ended.returncode == 0, ended.stderr
    assert value not in ended.stdout + ended.stderr
    held: dict[str, Any] = json.loads(store.read("acme/prod/support-bot").value.text)
    assert held["telegram"] == value
    session = stage.session()
    planned = session.plan()
    assert value not in dump_plan(planned.plan)
    result = session.carry_out(planned)["support-bot"]
    assert (result.outcome, result.rollout) == (Outcome.APPLIED, RolloutState.COMPLETED)

    gateway = names_of(by_id(planned)["support-bot"].identity).gateway_secret
    record = store.describe(gateway)
    assert record is not None
    store.put(gateway, SecretText("another"), replacing=record.version_id)
    assert any(change.restarts for change in by_id(stage.session().plan())["support-bot"].plan.changes)


def test_a_secret_under_another_key_is_decrypted_with_it_and_with_nothing_else(
    stage: Stage, store: AwsSecretStore
) -> None:
    place, kms = "acme/prod/support-bot", stage.client("kms")
    stage.session().apply()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/own", TargetKeyId=key)
    store.rekey(place, "alias/own")
    record = store.describe(place)
    assert record is not None
    assert record.kms_key == key, "Secrets Manager is told the key itself"

    cluster, service = AWS["cluster"], _service(stage)
    ecs = stage.client("ecs")
    ecs.update_service(cluster=cluster, service=service, forceNewDeployment=True)
    stage.control.advance(120)
    stopped = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus="STOPPED")["taskArns"]
    reasons = {task["stoppedReason"] for task in ecs.describe_tasks(cluster=cluster, tasks=stopped)["tasks"]}
    assert any("Access to KMS is not allowed" in reason for reason in reasons), reasons

    assert stage.session().apply()["support-bot"].outcome is Outcome.APPLIED
    role = next(item for item in stage.client("iam").list_roles()["Roles"] if item["RoleName"].endswith("-exec"))
    policy = stage.client("iam").get_role_policy(RoleName=role["RoleName"], PolicyName="molthub")["PolicyDocument"]
    (granted,) = [item for item in policy["Statement"] if item["Action"] == ["kms:Decrypt"]]
    assert granted["Resource"] == [key]
    ecs.update_service(cluster=cluster, service=service, forceNewDeployment=True)
    stage.control.advance(600)
    assert ecs.describe_services(cluster=cluster, services=[service])["services"][0]["runningCount"] == 1

    stage.client("secretsmanager").update_secret(SecretId=place, KmsKeyId="alias/own")
    (reason,) = by_id(stage.session().plan())["support-bot"].plan.reasons
    assert (reason.ref, "under alias/own" in reason.message) == ("MH-PLAN-006", True)
    store.rekey(place, "alias/aws/secretsmanager")
    assert stage.session().apply()["support-bot"].outcome is Outcome.APPLIED


def _service(stage: Stage) -> str:
    return names_of(by_id(stage.session().plan())["support-bot"].identity).service


def test_a_bad_secret_is_named_when_the_rollback_fails_as_well(stage: Stage, store: AwsSecretStore) -> None:
    place = "acme/prod/support-bot"
    stage.session().apply()
    store.put(place, SecretText('{"misspelt":"x"}'), replacing=store.read(place).version_id)
    result = stage.session().apply()["support-bot"]
    assert result.outcome is Outcome.FAILED
    said = result.diagnostics[0].message
    assert "did not contain json key telegram" in said
    assert "the secret acme/prod/support-bot (TELEGRAM_BOT_TOKEN) is the likely cause" in said
    stage.control.advance(600)  # the rollback's own tasks read the same value, and fail
    view = by_id(stage.session().plan())["support-bot"]
    record = status_of(view, head_commit=None, now=stage.session().now(), previous=None)
    assert record.health is Health.DEGRADED
    assert "it reads the secret acme/prod/support-bot (TELEGRAM_BOT_TOKEN) as it is now" in record.reason
    store.put(place, SecretText('{"telegram":"good"}'), replacing=store.read(place).version_id)
    assert stage.session().apply()["support-bot"].outcome is Outcome.APPLIED
