"""`status` for the fleet, in groups, sorted and filtered; and `status INSTANCE`, one instance's page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from molthub.cli.listing import groups_of
from molthub.cli.views import drift
from molthub.errors import StallingError, TransientError
from molthub.health.types import Health, LastDeployment, Status, StatusRecord
from molthub.resources.foundation import Foundation, Listener
from molthub.resources.observation import RolloutState, ServiceEvent, StoppedTask
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from molthub.source.repository import LocalRepository
from tests.builders import INGRESS, environment_dict, instance_dict
from tests.fakes.cli import Cli
from tests.fakes.clock import START, FakeClock
from tests.fakes.fleet import identity
from tests.fakes.provider import failing
from tests.fakes.rich_fleet import WEBHOOK

BOT = instance_dict(metadata={"labels": {"team": "support"}})


def other(name: str, **more: Any) -> dict[str, Any]:
    return instance_dict(metadata={"name": name}, **more)


def names(cli: Cli, *arguments: str) -> list[str]:
    found = json.loads(cli.run("status", "-o", "json", *arguments).out)
    return [item["name"].rsplit("/", 1)[1] for item in found["instances"]]


@pytest.fixture
def three(cli: Cli) -> Cli:
    """`first` is the oldest and was deployed anew, `second` is paused, `third` is not there; one in dev."""
    dev = instance_dict(metadata={"name": "tester", "environment": "dev"})
    cli.repository.commit(other("first"), other("second"), dev)
    cli.run("apply", "first", "--auto-approve")
    cli.cloud.clock.sleep(3600, lambda: False)
    paused = {"lifecycle": {"paused": {"by": "ana@example.com", "reason": "holiday"}}}
    cli.run("apply", "second", "--auto-approve")
    cli.cloud.clock.sleep(3600, lambda: False)
    again = {"runtime": {"env": {"TZ": "UTC"}}}
    cli.repository.commit(other("first", spec=again), other("second", spec=paused), other("third"), dev)
    cli.run("apply", "first", "second", "--auto-approve")
    return cli


def test_each_environment_has_a_line_that_counts(three: Cli) -> None:
    lines = three.run("status").out.splitlines()
    assert [line for line in lines if "instance" in line] == [
        "acme/dev: 1 instance: 1 Missing",
        "acme/prod: 3 instances: 1 Missing, 1 Stopped, 1 Healthy",
        "4 instances in 2 environments: 2 Missing, 1 Stopped, 1 Healthy",
    ]
    groups = json.loads(three.run("status", "-o", "json").out)["groups"]
    assert groups[1] == {
        "workspace": "acme",
        "environment": "prod",
        "instances": 3,
        "health": {"Missing": 1, "Stopped": 1, "Healthy": 1},
    }


def test_filtering(three: Cli) -> None:
    assert names(three, "--health", "Missing", "--health", "stopped", "--environment", "acme/prod") == [
        "second",
        "third",
    ]
    assert names(three, "--status", "running", "--sort", "deployed") == ["first"]
    assert names(three, "--sync", "suspended") == ["second"]
    ended = three.run("status", "--health", "well")
    assert (ended.code, "'well' is none of Healthy, Progressing," in ended.err) == (2, True)
    assert three.run("status", "--sort", "size").code == 2


def record(name: str, status: Status, sync: Verdict, health: Health, *, days: int | None) -> StatusRecord:
    """Made and deployed so many days ago; None: never."""
    at = None if days is None else START - timedelta(days=days)
    deployed = LastDeployment("ecs-svc/1", at, RolloutState.COMPLETED) if at else None
    full = f"acme/prod/{name}"
    return StatusRecord(identity(name), full, status, sync, health, created_at=at, deployment=deployed)


@pytest.mark.parametrize(
    ("sort", "order"),
    [("name", "abc"), ("status", "bca"), ("sync", "bca"), ("health", "bca"), ("age", "cab"), ("deployed", "acb")],
)
def test_sorting(sort: str, order: str) -> None:
    records = (
        record("a", Status.RUNNING, Verdict.SYNCED, Health.HEALTHY, days=1),
        record("b", Status.DEGRADED, Verdict.BLOCKED, Health.MISSING, days=None),
        record("c", Status.STOPPED, Verdict.SUSPENDED, Health.STOPPED, days=2),
    )
    (group,) = groups_of([(item, {}) for item in records], sort=sort)
    assert "".join(item.identity.id for item, _ in group.listed) == order


def test_the_page_of_one_instance(cli: Cli) -> None:
    sha = cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.cloud.clock.sleep(7200, lambda: False)
    cli.cloud.prod.instances[identity()].events.append(
        ServiceEvent(START, "(service molthub-x) has reached a steady state.")
    )
    page = cli.run("status", "support-bot").out
    rows = {line[:12].strip(): line[12:].strip() for line in page.splitlines() if line[:1].isupper()}
    assert page.startswith("# instance acme/prod/support-bot\n")
    assert rows["Labels"] == "team=support"
    assert rows["Status"] == "RUNNING, running"
    assert (rows["Sync"], rows["Health"]) == ("Synced", "Healthy")
    assert rows["Image"] == "ghcr.io/openclaw/openclaw:2026.9.6"
    assert rows["Replicas"] == "1 of 1 running"
    assert rows["Tasks"] == "00000000 RUNNING HEALTHY up 2h, since 2027-01-04 09:00:00Z"
    assert "completed, began 2027-01-04 09:00:00Z (2h ago)" in rows["Deployment"]
    assert rows["Commit"] == f"{sha[:12]} (HEAD)"
    assert rows["Manifest"] == "instances/acme/prod/support-bot.yaml"
    assert rows["Log group"].startswith("/molthub/acme-bots/acme-prod-support-bot-")
    assert rows["Logs"].startswith("https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:")
    assert "/ecs/v2/clusters/molthub-acme-prod/services/molthub-acme-prod-support-bot" in rows["Service"]
    assert "Webhook" not in rows
    assert "  2027-01-04 09:00:00Z  has reached a steady state" in page
    assert page.splitlines()[-1] == "Next: Nothing: it is as its manifest says"


def test_the_page_says_who_paused_it_why_and_until_when(cli: Cli) -> None:
    until = (START + timedelta(days=3)).isoformat()
    paused = {"by": "ana@example.com", "reason": "holiday", "until": until}
    cli.repository.commit(instance_dict(spec={"lifecycle": {"paused": paused}}))
    cli.run("apply", "--auto-approve")
    page = cli.run("status", "support-bot").out
    assert "Paused     by ana@example.com until 2027-01-07 09:00:00Z (in 3d): holiday\n" in page
    assert page.endswith("Next: To let it run again: molthub resume acme/prod/support-bot\n")
    (found,) = json.loads(cli.run("status", "support-bot", "-o", "json").out)["instances"]
    assert found["paused"] == {"by": "ana@example.com", "reason": "holiday", "until": until}
    cli.cloud.clock.sleep(4 * 86400, lambda: False)
    assert "Paused" not in cli.run("status", "support-bot").out, "it ended by itself"


def test_the_page_shows_drift_a_line_each(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.cloud.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    cli.cloud.prod.tamper(identity(), Kind.SECURITY_GROUP)
    page = cli.run("status", "support-bot").out
    assert "Differs from its manifest:\n" in page
    assert "  ~ log-group retention_days: 1 -> 365\n" in page
    assert "  + security-group molthub-acme-prod-support-bot" in page
    (found,) = json.loads(cli.run("status", "support-bot", "-o", "json").out)["instances"]
    assert {(item["action"], item["kind"]) for item in found["detail"]["drift"]} >= {("update", "log-group")}


def test_the_page_of_one_that_failed_and_of_one_that_cannot_be_read(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.cloud.prod.script(identity(), failing("exit code 78"))
    cli.repository.commit(instance_dict(spec={"runtime": {"env": {"TZ": "UTC"}}}))
    cli.run("apply", "--auto-approve")
    page = cli.run("status", "support-bot").out
    assert "Differs from its manifest, not applied while it is Blocked:" in page
    assert "error: MH-PLAN-004" in page
    now = cli.cloud.clock.now()
    over = [
        StoppedTask(f"{n:032x}", now - timedelta(minutes=9 - n), f"container gateway exited with code {n}")
        for n in range(5)
    ]
    cli.cloud.prod.over[identity()] = over
    page = cli.run("status", "support-bot").out
    assert re.search(r"^Stopped +00000000 5m ago: container gateway exited with code 4$", page, re.MULTILINE)
    assert ("code 2" in page, "code 1" in page) == (True, False), "the last three"

    def denied(_identity: object) -> Any:
        raise StallingError("MH-AWS-003", "no ecs:ListTasks", fix="Grant it")

    cli.cloud.prod.tasks = denied  # type: ignore[method-assign]
    ended = cli.run("status", "support-bot")
    assert (ended.code, "Tasks       not read: no ecs:ListTasks" in ended.out) == (0, True)


def test_only_the_page_asks_for_tasks(cli: Cli) -> None:
    cli.repository.commit(BOT, other("second"))
    cli.run("apply", "--auto-approve")
    for arguments in ((), ("support-bot", "second"), ("--environment", "acme/prod")):
        cli.run("status", *arguments)
    assert cli.cloud.prod.running_reads == 0
    cli.run("status", "support-bot")
    assert cli.cloud.prod.running_reads == 1


def test_the_page_of_an_instance_whose_manifest_is_gone(cli: Cli) -> None:
    cli.repository.commit(BOT, other("second"))
    cli.run("apply", "--auto-approve")
    cli.repository.git("rm", "--quiet", "instances/acme/prod/support-bot.yaml")
    cli.repository.commit()
    page = cli.run("status", "support-bot").out
    assert "Status      DELETING, running" in page
    assert "- service" in page
    assert "MH-PIPE-001" in cli.run("status", "nobody").err


class Watcher(FakeClock):
    """Lets somebody watch for so many looks, and then presses Ctrl-C. Between two of them something happens."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        super().__init__()
        self._steps = list(steps)

    def sleep(self, seconds: float, cancel: Callable[[], bool]) -> None:
        super().sleep(seconds, cancel)
        if not self._steps:
            raise KeyboardInterrupt
        self._steps.pop(0)()


def test_watching_goes_on_through_what_passes(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    asked = LocalRepository.fetch

    def silent(_self: object) -> str:
        monkeypatch.setattr(LocalRepository, "fetch", asked)
        raise TransientError("MH-GIT-003", "the host does not answer", fix="")

    clock = Watcher(lambda: monkeypatch.setattr(LocalRepository, "fetch", silent), lambda: None)
    cli.roots = replace(cli.roots, clock=lambda: clock)
    ended = cli.run("status", "--watch", "-o", "json", "--interval", "3")
    assert (ended.code, clock.slept) == (130, [3.0] * 3)
    assert [json.loads(line)["instances"][0]["health"] for line in ended.out.splitlines()] == ["Healthy"] * 2
    assert ended.err.startswith("not looked at just now: MH-GIT-003 the host does not answer\n")


LISTENER = Listener(1, "arn:listener", "molthub-1", "molthub-1-123.eu-west-1.elb.amazonaws.com", "Z1")
WHERE = "hooked.bots.example.com"


@pytest.mark.parametrize(
    ("zone", "known", "dns"),
    [
        (None, True, f"{WHERE}. CNAME molthub-1-123.eu-west-1.elb.amazonaws.com. (yours to make)"),
        (None, False, f"{WHERE}. is yours to make, once the load balancer is known"),
        ("Z0123456789ABCDEFGHIJ", True, f"{WHERE}. in the zone Z0123456789ABCDEFGHIJ, which Molthub keeps"),
    ],
)
def test_the_page_and_webhook_url_tell_the_dns_record(cli: Cli, zone: str | None, known: bool, dns: str) -> None:
    ingress = INGRESS | ({"hostedZoneId": zone} if zone else {})
    cli.repository.commit(environment_dict(spec={"ingress": ingress}), other("hooked", spec=WEBHOOK))
    cli.run("status")  # makes the cloud
    listeners = (LISTENER,) if known else ()
    cli.cloud.prod.foundation = Foundation("c", "vpc", ("s",), listeners=listeners, gate_members="sg")
    page = cli.run("status", "hooked").out
    assert f"https://{WHERE}/hooks/agent" in page
    assert re.search(rf"^DNS +{re.escape(dns)}$", page, re.MULTILINE)
    asked = cli.run("webhook", "url", "hooked", "--dns")
    if not known:
        assert (asked.code, "MH-GATE-018 the load balancer of acme/prod/hooked" in asked.err) == (3, True)
    else:
        assert asked.out == f"{WHERE}. CNAME {LISTENER.dns_name}.\n"
        assert ("Molthub keeps it" in asked.err) is (zone is not None)
        told = json.loads(cli.run("webhook", "url", "hooked", "--dns", "-o", "json").out)["dns"]
        assert told == {"host": WHERE, "record": asked.out.strip(), "zone": zone}
    (found,) = json.loads(cli.run("status", "hooked", "-o", "json").out)["instances"]
    assert found["detail"]["webhook"]["host"] == WHERE


def test_drift_is_cut_where_there_is_much() -> None:
    assert drift.lines([], colour=False, name="x") == []
