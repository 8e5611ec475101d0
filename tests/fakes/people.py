"""Ana and Ben: a bare repository, a clone for each, the whole command line in this process, and the simulator as AWS.

What a person says is run as `molthub …` in that person's clone, with AWS's own adapters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from molthub.cli.context import Roots
from molthub.cli.main import run
from molthub.resources.identity import Identity, Names, names_of
from tests.builders import environment_dict, fleet_dict, tree
from tests.fakes.clones import Origin
from tests.fakes.git_repositories import git
from tests.fakes.shared_clients import shared_provider_factory
from tests.fakes.stage import AWS, HASTE, Stage, furnished

Json = dict[str, Any]
ENVIRONMENTS = ("acme/prod", "acme/dev", "zoo/prod")
BROKEN = "*:2026.9.7"
"""Images that crash when they are started."""

SECRETS = {
    "telegram-bot": ("MODEL_API_KEY", "TELEGRAM_BOT_TOKEN"),
    "slack-bot": ("MODEL_API_KEY", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
}
_TRAILERS = "%(trailers:key=Molthub-Action,valueonly,separator=%x20)"


@dataclass(slots=True)
class People:
    """stage: its account; its own repository is not used."""

    stage: Stage
    origin: Origin
    clones: dict[str, Path]

    def log(self) -> list[tuple[str, str]]:
        """Who did what, oldest first: author and Molthub-Action."""
        lines = git(self.origin.path, "log", "--reverse", f"--format=%an|{_TRAILERS}", "main").splitlines()
        return [(line.split("|")[0], line.split("|")[1]) for line in lines]

    # -- AWS, with plain boto3 --------------------------------------------------------------------------------

    def __call__(self, service: str) -> Any:
        return self.stage.client(service)

    def service(self, place: str) -> Json:
        """The ECS service of WORKSPACE/ENVIRONMENT/ID, with its tags."""
        cluster = f"molthub-{place.rpartition('/')[0].replace('/', '-')}"
        wanted = {"cluster": cluster, "services": [names(place).service], "include": ["TAGS"]}
        found: Json = self("ecs").describe_services(**wanted)["services"][0]
        return found

    def deployment(self, place: str) -> str:
        """The id of the only deployment there is."""
        (only,) = self.service(place)["deployments"]
        return str(only["id"])

    def container(self, place: str, name: str) -> Json:
        """One container of the definition that the service runs."""
        wanted = self.service(place)["taskDefinition"]
        task = self("ecs").describe_task_definition(taskDefinition=wanted)["taskDefinition"]
        return next(item for item in task["containerDefinitions"] if item["name"] == name)

    def group(self, place: str) -> Json:
        filters = [{"Name": "group-name", "Values": [names(place).security_group]}]
        found: Json = self("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]
        return found


@dataclass(frozen=True, slots=True)
class Person:
    """One of them for the time of a test: where this one stands, and what is said there."""

    people: People
    name: str
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def say(self, *words: str, code: int = 0) -> str:
        """`molthub WORDS`: what it printed, on both streams. Raises AssertionError when it ends with another code."""
        return "".join(self._run(words, code))

    def ask(self, *words: str, code: int = 0) -> Json:
        """The same with `-o json`: the document."""
        found: Json = json.loads(self._run((*words, "-o", "json"), code)[0])
        return found

    def create(self, name: str, environment: str, *words: str, template: str = "telegram-bot") -> Json:
        """An instance with generated secrets, at places of its own."""
        secrets = [word for secret in SECRETS[template] for word in ("--secret", f"{secret}=generate")]
        return self.ask("create", name, "--template", template, "--environment", environment, *secrets, *words)

    def apply(self, *words: str, code: int = 0) -> dict[str, Json]:
        """What came of each, by its id."""
        return {item["id"]: item for item in self.ask("apply", *words, "--auto-approve", code=code)["instances"]}

    def controller(self, environment: str, code: int = 0) -> None:
        """One pass of the controller of one environment over what is pushed."""
        where = ("--repo", str(self.people.origin.path), "--environment", environment)
        try:
            self.say("controller", "run", "--once", *where, code=code)
        finally:
            structlog.reset_defaults()  # it logs to a stream that ends with this test

    def status(self, name: str) -> Json:
        (found,) = self.ask("status", name)["instances"]
        return dict(found)

    def _run(self, words: tuple[str, ...], code: int) -> tuple[str, str]:
        self.monkeypatch.chdir(self.people.clones[self.name])
        self.capsys.readouterr()
        ended = int(run(words, roots=Roots(providers=shared_provider_factory)))
        told = self.capsys.readouterr()
        assert ended == code, f"{words}: {ended}\n{told.out}\n{told.err}"
        return told.out, told.err


def names(place: str) -> Names:
    """The names on AWS of WORKSPACE/ENVIRONMENT/ID."""
    workspace, environment, instance = place.split("/")
    return names_of(Identity("acme-bots", workspace, environment, instance))


@contextmanager
def two_people(home: Path) -> Iterator[People]:
    """A fleet of three environments without instances."""
    documents = [fleet_dict()]
    for environment in ENVIRONMENTS:
        workspace, _, name = environment.partition("/")
        aws = {"cluster": f"molthub-{workspace}-{name}"}
        documents.append(environment_dict(metadata={"workspace": workspace, "name": name}, spec={"aws": aws}))
    origin = Origin(home / "git", tree(*documents))
    clones = {name: origin.clone(name.lower(), person=name) for name in ("Ana", "Ben")}
    with furnished(home, speed=HASTE) as stage, pytest.MonkeyPatch.context() as patch:
        stage.control.seed(environments=[AWS | document["spec"]["aws"] for document in documents[1:]])
        stage.control.add_image_rule(BROKEN, "crash")
        patch.setenv("HOME", str(home))
        patch.setenv("MOLTHUB_CACHE_DIR", str(home / "cache"))
        patch.setenv("MOLTHUB_DATABASE_URL", f"sqlite:///{home / 'molthub.db'}")
        patch.setenv("MOLTHUB_ROLLOUT_POLL", "0.05")
        yield People(stage, origin, clones)
