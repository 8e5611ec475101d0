"""`molthub doctor`: each check alone, on clouds that are ill in one way."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from molthub.aws.errors import not_bootstrapped
from molthub.errors import StallingError, TransientError
from molthub.pipeline.doctor.here import Pull
from molthub.provider.probes import Caller, Denial, QuotaKind
from molthub.resources.foundation import Foundation
from molthub.resources.observation import SecretFacts
from tests.builders import INGRESS, environment_dict, instance_dict
from tests.fakes.cli import Cli, Result
from tests.fakes.clock import START
from tests.fakes.probes import WHOLE, FakeProbes

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/openclaw:2026.9.6"
EXPIRED = StallingError("MH-AWS-002", "The AWS credentials have expired", fix="Sign in again")
DENIED = StallingError("MH-AWS-003", "AWS denies iam:ListRoles", fix="Allow it")


class Clinic:
    """A fleet of one instance and its cloud."""

    def __init__(self, cli: Cli) -> None:
        self.cli, self.probes, self.pull = cli, FakeProbes(), Pull.PRESENT
        cli.roots = replace(
            cli.roots,
            probes=lambda: lambda _key, _location, _fleet: self.probes,
            registries=lambda: lambda _image: self.pull,
            now=lambda: START,
        )
        cli.repository.commit(instance_dict())

    def run(self, *arguments: str) -> Result:
        return self.cli.run("doctor", *arguments)

    def found(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Check → what it found."""
        ended = self.run("-o", "json", *arguments)
        found = json.loads(ended.out)
        assert found["format"] == "molthub.dev/doctor/v1"
        assert ended.code == (0 if found["ok"] else 1)
        return {item["name"]: item for item in found["checks"]}


@pytest.fixture
def clinic(cli: Cli) -> Clinic:
    return Clinic(cli)


def test_in_good_health(clinic: Clinic) -> None:
    ended = clinic.run()
    assert ended.code == 0
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    head = clinic.cli.repository.git("rev-parse", "HEAD")[:12]
    assert lines == [
        "This machine",
        f"OK git {clinic.cli.repository.path} is at {head}",
        "SKIP followed the repository has no remote `origin`, so nothing tells what the controller follows",
        "OK manifests 1 instances are valid",
        "OK access open: everybody who can push may change everything",
        "SKIP database MOLTHUB_DATABASE_URL is not set",
        "fix: Set it where the controller's events are to be read",
        "",
        "acme/prod",
        "OK credentials AWS knows you as arn:aws:iam::123456789012:user/ana",
        "OK clock within 1 s of AWS's",
        "OK account 123456789012, as the Environment says",
        "OK region eu-west-1 is enabled",
        "OK endpoints 3 services answer",
        "OK bootstrap the stack molthub-acme-prod has all that belongs into it",
        "OK lease the bucket molthub-0123456789 answers",
        "OK permissions everything that apply calls is allowed",
        (
            "OK quotas 1 of 6 Fargate vCPUs running at once; 1 of 2500 security groups in the region; "
            "2 of 1000 IAM roles in the account"
        ),
        "OK secrets 2 with a value",
        "OK images 1 found in their registries",
        "",
        "Doctor: 14 OK, 2 SKIP.",
    ]
    assert "acme/prod: quotas: OK" in ended.err


def test_what_needs_a_failed_check_is_skipped_and_says_so(clinic: Clinic) -> None:
    clinic.probes.who = EXPIRED
    found = clinic.found()
    assert (found["credentials"]["state"], found["credentials"]["ref"]) == ("FAIL", "MH-AWS-002")
    assert found["account"]["message"] == "needs credentials, which did not pass"
    assert found["permissions"]["message"] == "needs account and endpoints, which did not pass"
    assert {name for name, item in found.items() if item["state"] == "OK"} == {
        "git",
        "manifests",
        "access",
        "clock",
        "images",
    }


ILL: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"who": Caller("999999999999", "x")},
        "account",
        "MH-AWS-004",
        "belong to account 999999999999",
    ),
    ({"time": START - timedelta(minutes=6)}, "clock", "MH-DOC-002", "360 s ahead of AWS's"),
    ({"time": START + timedelta(minutes=6)}, "clock", "MH-DOC-002", "360 s behind AWS's"),
    ({"enabled": False}, "region", "MH-AWS-007", "the region eu-west-1 is not enabled for the account"),
    (
        {"reads": {"ec2": None, "ecs": TransientError("MH-AWS-006", "AWS cannot be reached", fix="Check the network")}},
        "endpoints",
        "MH-AWS-006",
        "AWS cannot be reached",
    ),
    (
        {"denials": tuple(Denial(f"ecs:Do{n}", "*") for n in range(5))},
        "permissions",
        "MH-DOC-003",
        "ecs:Do0 on *, ecs:Do1 on *, ecs:Do2 on * and 2 more",
    ),
    ({"denials": None, "reads": {"iam": DENIED}}, "permissions", "MH-AWS-003", "AWS denies iam:ListRoles"),
    (
        {"limits": {QuotaKind.VCPUS: 0.5, QuotaKind.GROUPS: 1.0, QuotaKind.ROLES: 9.0}},
        "quotas",
        "MH-DOC-004",
        "the fleet needs 1 Fargate vCPUs running at once, and the account may have 0.5",
    ),
    ({"bucket": None}, "lease", "MH-DOC-008", "the bucket that the lease is kept in is gone"),
    (
        {"held": {"acme/prod/model": SecretFacts("x", "y", "v", kms_key="arn:aws:kms:eu-west-1:1:alias/own")}},
        "secrets",
        "MH-DOC-005",
        "acme/prod/model is encrypted under alias/own, which no role can name",
    ),
    ({"held": {"acme/prod/model": None}}, "secrets", "MH-DOC-005", "acme/prod/model does not exist"),
    ({"held": {"acme/prod/model": SecretFacts("x", "y", None)}}, "secrets", "MH-DOC-005", "has no value"),
    (
        {"held": {"acme/prod/model": SecretFacts("x", "y", "v", deleted=True)}},
        "secrets",
        "MH-DOC-005",
        "acme/prod/model is scheduled for deletion",
    ),
]


def test_every_illness_is_told_with_the_next_step(clinic: Clinic) -> None:
    for answers, name, ref, message in ILL:
        clinic.probes = FakeProbes(**answers)
        found = clinic.found()
        assert (found[name]["state"], found[name]["ref"]) == ("FAIL", ref), found[name]
        assert message in found[name]["message"]
        assert found[name]["fix"]
        others = {item["state"] for other, item in found.items() if other != name}
        assert "FAIL" not in others, found


def test_an_environment_without_a_complete_base(clinic: Clinic) -> None:
    command = "`molthub bootstrap --environment acme/prod`"
    clinic.probes.stand = not_bootstrapped("acme/prod")
    found = clinic.found()
    assert (found["bootstrap"]["state"], found["bootstrap"]["ref"]) == ("FAIL", "MH-AWS-024")
    assert command in found["bootstrap"]["fix"]
    assert found["lease"]["message"] == "needs bootstrap, which did not pass"

    clinic.probes.stand = Foundation("mine", "vpc-1", ("subnet-1",))
    found = clinic.found()
    assert found["bootstrap"]["state"] == "SKIP"
    assert found["bootstrap"]["fix"].startswith(f"Run {command}")

    clinic.probes.stand = replace(WHOLE, bucket=None, backup_role=None)
    found = clinic.found()
    assert found["bootstrap"]["ref"] == "MH-DOC-007"
    said = "the stack molthub-acme-prod lacks the bucket, the backup vault and its role"
    assert found["bootstrap"]["message"] == said

    clinic.probes.stand = WHOLE
    clinic.cli.repository.commit(environment_dict(spec={"ingress": INGRESS}))
    assert clinic.found()["bootstrap"]["message"].endswith(" lacks load balancers (it has 0 of 1)")


def test_what_cannot_be_asked_is_skipped(clinic: Clinic) -> None:
    clinic.probes = FakeProbes(denials=None, time=None, limits=dict.fromkeys(QuotaKind, DENIED))
    clinic.pull = Pull.UNREACHABLE
    found = clinic.found()
    assert {name for name, item in found.items() if item["state"] == "SKIP"} == {
        *("followed", "database", "clock", "permissions", "quotas", "images")
    }
    assert "writes cannot be asked" in found["permissions"]["message"].replace("are cannot", "cannot")


def test_images(clinic: Clinic) -> None:
    clinic.pull = Pull.MISSING
    assert clinic.found()["images"]["message"].endswith("openclaw:2026.9.6 is not in its registry")
    clinic.cli.repository.commit(instance_dict(spec={"runtime": {"image": ECR}}))
    clinic.probes.stored = {ECR: True}
    assert clinic.found()["images"]["state"] == "OK", "ECR answers for its own images"
    clinic.probes.stored = {ECR: False}
    assert clinic.found()["images"]["ref"] == "MH-DOC-006"


def test_a_bug_in_one_check_hides_no_other(clinic: Clinic) -> None:
    clinic.probes.limits = {}
    found = clinic.found()
    assert (found["quotas"]["state"], found["quotas"]["ref"]) == ("FAIL", "MH-DOC-001")
    assert found["secrets"]["state"] == "OK"


def test_invalid_manifests_and_an_unknown_environment(clinic: Clinic) -> None:
    clinic.cli.repository.commit(instance_dict(), files={"molthub.yaml": b"kind: Fleet\n"})
    found = clinic.found()
    assert found["manifests"]["state"] == "FAIL"
    assert "credentials" not in found
    assert clinic.run("--environment", "acme/dev").code == 2


def test_git_and_the_database(clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    clinic.cli.repository.git("clone", "--quiet", "--bare", ".", str(other))
    clinic.cli.repository.git("remote", "add", "origin", str(other))
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    found = clinic.found()
    assert found["followed"]["message"].startswith(f"{other} is at ")
    assert found["database"]["ref"] == "MH-STATE-008"
    away = clinic.found("--repo", str(tmp_path / "nowhere"))
    assert (away["git"]["state"], away["git"]["ref"]) == ("FAIL", "MH-GIT-002")
