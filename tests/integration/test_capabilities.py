"""The capabilities of a fleet's operators, each from the command to AWS and back: manage, configure, observe, audit.

Two people work on one bare repository, each in a clone of their own. What they say is `molthub …` as a whole; what came
of it is looked up on AWS with plain boto3, in Git, and in the commands' own answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.fakes.git_repositories import git
from tests.fakes.people import People, Person, two_people

FIRST, SECOND = "ghcr.io/openclaw/openclaw:2026.6.11", "ghcr.io/openclaw/openclaw:2026.9.6"
BAD = "ghcr.io/openclaw/openclaw:2026.9.7"
SLACK_IMAGE = "registry.example.com/acme/openclaw-slack:2026.9.6"
DESK, HELPER, CLERK = "acme/prod/desk", "acme/prod/helper", "acme/prod/clerk"
MOVED = "instances/back-office/who.yaml"
TOKEN_LIKE = "xoxb" + "-1234567890-abcdefghijkl"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with two_people(tmp_path_factory.mktemp("people")) as made:
        yield made


@pytest.fixture
def ana(people: People, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(people, "Ana", capsys, monkeypatch)


@pytest.fixture
def ben(people: People, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(people, "Ben", capsys, monkeypatch)


def test_a_fleet_is_managed(people: People, ana: Person, ben: Person) -> None:
    """Create, list by workspace and environment, tag, rename, pause, resume, restart, delete."""
    before = len(people.log())
    ana.create("desk", "acme/prod", "--label", "team=front")
    ben.create("lab", "acme/dev")
    ana.create("parrot", "zoo/prod")
    assert {item["outcome"] for item in ana.apply("desk", "lab", "parrot").values()} == {"applied"}

    told = ana.ask("status")
    assert {("acme", "dev"), ("acme", "prod"), ("zoo", "prod")} == {
        (item["workspace"], item["environment"]) for item in told["groups"]
    }
    shown = {item["id"] for item in ana.ask("status", "--workspace", "acme", "--health", "Healthy")["instances"]}
    assert ({"desk", "lab"} <= shown, "parrot" in shown) == (True, False)

    first = people.deployment(DESK)
    assert ana.ask("label", "-l", "team=front", "tier=gold", "--yes")["instances"] == [DESK]
    ana.say("rename", "desk", "front-desk")
    ana.apply("front-desk")
    tags = {item["key"]: item["value"] for item in people.service(DESK)["tags"]}
    assert (tags["team"], tags["tier"]) == ("front", "gold")
    assert people.deployment(DESK) == first, "neither a label nor a name restarts it"
    assert [item["name"] for item in ana.ask("status", "-l", "tier=gold")["instances"]] == ["acme/prod/front-desk"]

    ben.say("pause", "front-desk", "--reason", "holiday", "--until", "3d")
    ben.apply("front-desk")
    assert people.service(DESK)["desiredCount"] == 0
    found = ben.status("front-desk")
    assert (found["status"], found["availability"]) == ("STOPPED", "down")
    assert (found["paused"]["by"], found["paused"]["reason"]) == ("ben@example.com", "holiday")
    ana.say("resume", "front-desk")
    ana.apply("front-desk")
    resumed = people.deployment(DESK)
    ana.say("restart", "front-desk")
    ana.apply("front-desk")
    assert people.service(DESK)["runningCount"] == 1
    assert len({first, resumed, people.deployment(DESK)}) == 3

    ana.say("delete", "parrot", "--yes")
    ana.apply("--environment", "zoo/prod")
    assert people.service("zoo/prod/parrot")["status"] == "INACTIVE"
    assert people.log()[before:] == [
        *(("Ana", "create"), ("Ben", "create"), ("Ana", "create"), ("Ana", "label"), ("Ana", "rename")),
        *(("Ben", "pause"), ("Ana", "resume"), ("Ana", "restart"), ("Ana", "delete")),
    ]


def test_an_instance_is_configured(people: People, ana: Person, ben: Person) -> None:
    """From a template: version, model and channel by references, skills, what may go out; and what is refused."""
    listed = {item["name"]: item for item in ana.ask("template", "list")["templates"]}
    assert {"slack-bot", "telegram-bot", "webhook-bot"} <= listed.keys()
    ana.create("helper", "acme/prod", "--set", f"image={SLACK_IMAGE}", template="slack-bot")
    ben.say("set", "helper", "skills.allowlist+=github", "model.primary=openai/gpt-5.2")
    ben.apply("helper")
    gateway, init = people.container(HELPER, "gateway"), people.container(HELPER, "init")
    assert gateway["image"] == SLACK_IMAGE
    given = {item["name"]: item["valueFrom"] for item in gateway["secrets"]}
    assert given["SLACK_BOT_TOKEN"].endswith(":slackBotToken::")
    assert given["MODEL_API_KEY"].endswith(":modelApiKey::")
    config = json.loads(
        json.loads(next(i["value"] for i in init["environment"] if i["name"] == "MOLTHUB_INIT"))["config"]
    )
    assert config["skills"]["allowBundled"] == ["github"]
    assert config["agents"]["defaults"]["model"]["primary"] == "openai/gpt-5.2"
    held = json.loads(people("secretsmanager").get_secret_value(SecretId=HELPER)["SecretString"])
    everywhere = str((gateway, init)) + git(people.origin.path, "log", "--patch", "main")
    assert held.keys() == {"modelApiKey", "slackAppToken", "slackBotToken"}
    assert not [value for value in held.values() if value in everywhere]

    group = people.group(HELPER)
    assert (group["IpPermissions"], [rule["FromPort"] for rule in group["IpPermissionsEgress"]]) == ([], [443])
    tip = people.origin.tip()
    assert "MH-IMG-001" in ana.say("image", "set", "helper", "ghcr.io/openclaw/openclaw:latest", code=1)
    refused = ana.say("set", "helper", f"runtime.env.SLACK_TOKEN={TOKEN_LIKE}", code=1)
    assert "MH-SEC-" in refused
    assert TOKEN_LIKE not in refused
    assert people.origin.tip() == tip, "what the guardrails refuse is no commit"
    ana.say("set", "helper", "network.egressPreset=DEFAULT", "--message", "It fetches mail")
    ana.apply("helper")
    assert [rule["IpProtocol"] for rule in people.group(HELPER)["IpPermissionsEgress"]] == ["-1"]


def test_an_instance_is_observed(people: People, ana: Person, ben: Person) -> None:
    """Running, degraded, down, and why; logs and the link to them; the timeline; waiting."""
    ben.create("crasher", "acme/dev", "--set", f"image={BAD}")
    ana.create("talker", "acme/dev", "--set", f"image={FIRST}")
    ana.controller("acme/dev", code=1)
    assert ana.ask("wait", "talker", "--for", "healthy")["reached"] is True
    assert (ana.status("talker")["availability"], ana.status("crasher")["availability"]) == ("running", "down")
    lines = [json.loads(line) for line in ana.say("logs", "talker", "-n", "5", "-o", "json").splitlines()]
    assert "listening on" in lines[-1]["text"]
    link = ana.say("logs", "talker", "--link")
    assert link.startswith(
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/"
    )
    assert lines[-1]["task"] in link

    ana.say("image", "set", "talker", BAD)
    ana.controller("acme/dev", code=1)
    found = ana.status("talker")
    assert (found["status"], found["health"], found["availability"]) == ("DEGRADED", "Degraded", "degraded")
    assert "this very version failed to roll out" in found["reason"]
    assert people.container("acme/dev/talker", "gateway")["image"] == FIRST
    (waited,) = ana.ask("wait", "talker", code=1)["instances"]
    assert (waited["obstacle"]["ref"], waited["reached"]) == ("MH-PIPE-014", False)
    errors = ana.say("logs", "talker", "--filter", '{ $.level = "error" }')
    assert "uncaught exception" in errors
    happened = [item["type"] for item in ana.ask("events", "talker")["events"]]
    assert {"rollout-started", "rollout-completed", "rolled-back"} <= set(happened)


def test_everything_is_audited(people: People, ana: Person, ben: Person) -> None:
    """Who changed what and when, through a rename and a move; again is nothing; drift is seen, told and healed."""
    ana.create("clerk", "acme/prod", "--set", f"image={FIRST}")
    ben.say("image", "set", "clerk", SECOND, "--message", "Security fixes")
    ben.apply("clerk")
    running = people.deployment(CLERK)
    tip = people.origin.tip()
    assert ana.ask("image", "set", "clerk", SECOND)["status"] == "holds"
    assert people.origin.tip() == tip, "what holds already is no commit"

    ana.say("rename", "clerk", "auditor")
    moved(people, "instances/acme/prod/auditor.yaml", MOVED)
    ben.controller("acme/prod")
    assert people.deployment(CLERK) == running, "neither a name nor a place restarts it"
    people("ec2").authorize_security_group_ingress(
        GroupId=people.group(CLERK)["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )
    (drifted,) = ben.ask("drift", "auditor", code=1)["instances"]
    assert (drifted["state"], [item["kind"] for item in drifted["differences"]]) == ("drifted", ["security-group"])
    ben.controller("acme/prod")
    assert people.group(CLERK)["IpPermissions"] == []
    assert [item["state"] for item in ben.ask("drift", "auditor")["instances"]] == ["synced"]

    told = ben.ask("history", "clerk", "--all")
    assert (told["instance"]["name"], told["instance"]["formerNames"]) == ("auditor", ["clerk"])
    assert [(item["version"], item["author"], item["action"]) for item in reversed(told["versions"])] == [
        *((1, "Ana", "create"), (2, "Ben", "image-set"), (3, "Ana", "rename"), (None, "Ben", "update")),
    ]
    assert (told["versions"][0]["path"], told["versions"][0]["formerPath"]) == (
        MOVED,
        "instances/acme/prod/auditor.yaml",
    )
    blamed = {item["field"]: item for item in ben.ask("blame", "auditor")["fields"]}
    assert (blamed["spec.runtime.image"]["author"], blamed["metadata.name"]["author"]) == ("Ben", "Ana")
    (differs,) = [item for item in ben.ask("diff", "HEAD~2", code=1)["resources"] if item["resource"] == CLERK]
    assert "renamed clerk → auditor" in differs["words"]
    entries = ben.ask("audit", "--instance", "auditor", "--limit", "0")["entries"]
    git_said = {(item["actor"], item["action"]) for item in entries if item["source"] == "git"}
    assert {("Ana", "create"), ("Ben", "image-set"), ("Ana", "rename")} <= git_said
    assert {"drift-detected", "drift-healed"} <= {item["action"] for item in entries if item["source"] == "controller"}


def moved(people: People, path: str, to: str) -> None:
    """Ben moves a file by hand, as anybody does, and pushes."""
    clone = people.clones["Ben"]
    git(clone, "pull", "--quiet", "--ff-only")
    (clone / to).parent.mkdir(parents=True)
    git(clone, "mv", path, to)
    git(clone, "commit", "--quiet", "--author", "Ben <ben@example.com>", "--message", "Put it where it belongs")
    git(clone, "push", "--quiet")
