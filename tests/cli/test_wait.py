"""`wait`: reached, hopeless, too late; with a clock whose sleeps make the world move on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from molthub.errors import TransientError
from molthub.resources.observation import Cause, ReadFailure
from molthub.resources.types import Kind
from tests.builders import instance_dict
from tests.fakes.cli import Cli, Result
from tests.fakes.clock import FakeClock
from tests.fakes.fleet import identity
from tests.fakes.provider import failing

BOT = instance_dict(metadata={"labels": {"team": "support"}})
PAUSED = instance_dict(spec={"lifecycle": {"paused": {"by": "ana@example.com", "reason": "holiday"}}})
BAD = instance_dict(metadata={"name": "bad-bot"}, spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})
PATH = "instances/acme/prod/support-bot.yaml"


class Steps(FakeClock):
    """Each sleep lets time pass, and then does the next thing, if there is one."""

    def __init__(self, cli: Cli, *steps: Callable[[], object]) -> None:
        super().__init__(cli.cloud.clock.now())
        self._cli = cli
        self._steps = list(steps)

    def sleep(self, seconds: float, cancel: Callable[[], bool]) -> None:
        super().sleep(seconds, cancel)
        self._cli.cloud.clock.sleep(seconds, cancel)
        if self._steps:
            self._steps.pop(0)()


def waited(cli: Cli, *arguments: str, steps: tuple[Callable[[], object], ...] = ()) -> tuple[Result, FakeClock]:
    clock, before = Steps(cli, *steps), cli.roots
    cli.roots = replace(before, clock=lambda: clock)
    try:
        return cli.run("wait", *arguments), clock
    finally:
        cli.roots = before


def applied(cli: Cli) -> Callable[[], object]:
    """A step: what the controller would do, beside the one that waits."""

    def apply() -> None:
        from molthub.cli.main import run  # noqa: PLC0415

        run(["apply", "--auto-approve"], roots=replace(cli.roots, clock=lambda: cli.cloud.clock))

    return apply


def test_it_is_there_already(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    ended, clock = waited(cli, "support-bot")
    assert (ended.code, ended.out, clock.slept) == (0, "acme/prod/support-bot is healthy\n", [])
    assert ended.err == "acme/prod/support-bot: reached\n"


def test_it_gets_there_and_each_change_is_told_once(cli: Cli) -> None:
    cli.repository.commit(BOT)
    nothing = lambda: None  # noqa: E731
    ended, clock = waited(cli, "support-bot", "--interval", "2", steps=(nothing, nothing, applied(cli)))
    assert (ended.code, clock.slept) == (0, [2.0, 2.0, 2.0])
    lines = [line for line in ended.err.splitlines() if line.startswith("acme/prod/support-bot: ")]
    assert lines[0] == "acme/prod/support-bot: OutOfSync, Missing"
    assert lines.count(lines[0]) == 1
    assert lines[-1] == "acme/prod/support-bot: reached"


def test_the_newest_commit_counts_and_not_the_one_it_began_with(cli: Cli) -> None:
    cli.repository.commit(PAUSED)
    cli.run("apply", "--auto-approve")
    resume = lambda: cli.repository.commit(BOT)  # noqa: E731
    ended, _ = waited(cli, "support-bot", "--for", "synced")
    assert ended.code == 0, "a pause that is carried out is as the manifest says"
    cli.repository.commit(instance_dict(spec={"runtime": {"env": {"TZ": "UTC"}}}))
    ended, clock = waited(cli, "support-bot", steps=(resume, applied(cli)))
    assert (ended.code, len(clock.slept)) == (0, 2)


def test_what_does_not_get_there_ends_it_at_once_and_says_why(cli: Cli) -> None:
    cli.repository.commit(BOT, BAD)
    ended, clock = waited(cli, "bad-bot")
    assert (ended.code, clock.slept) == (1, [])
    assert "error: MH-PIPE-014 acme/prod/bad-bot does not get healthy by itself: Blocked: " in ended.err
    assert "(MH-IMG-001)\n    fix: Write repository:version" in ended.err
    cli.repository.commit(files={PATH: (cli.repository.path / PATH).read_bytes() + b"extra: 1\n"})
    ended, _ = waited(cli, "acme/prod/support-bot")
    assert (ended.code, "by itself: Invalid: " in ended.err) == (1, True)
    ended, _ = waited(cli, "acme/prod/never-was")
    assert (ended.code, "by itself: it has no manifest" in ended.err) == (1, True)
    assert "MH-PIPE-001" in waited(cli, "never-was")[0].err


def test_a_rollout_that_failed_is_no_use_waiting_for(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.cloud.prod.script(identity(), failing("exit code 78", cause=Cause.ITSELF))
    cli.repository.commit(instance_dict(spec={"runtime": {"env": {"TZ": "UTC"}}}))
    ended, clock = waited(cli, "support-bot", steps=(applied(cli),))
    assert (ended.code, len(clock.slept)) == (1, 1)
    assert "exit code 78 (MH-PLAN-004)" in ended.err


def test_paused_stopped_and_not(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    ended, _ = waited(cli, "support-bot", "--for", "stopped")
    assert (ended.code, "its manifest does not pause it" in ended.err) == (1, True)
    cli.repository.commit(PAUSED)
    ended, clock = waited(cli, "support-bot", "--for", "stopped", steps=(applied(cli),))
    assert (ended.code, len(clock.slept), ended.out.splitlines()[-1]) == (0, 1, "acme/prod/support-bot is stopped")
    ended, _ = waited(cli, "support-bot")
    assert (ended.code, "it is paused by ana@example.com: holiday" in ended.err) == (1, True)


def test_deleted(cli: Cli) -> None:
    cli.repository.commit(BOT, instance_dict(metadata={"name": "second"}))
    cli.run("apply", "--auto-approve")
    ended, _ = waited(cli, "support-bot", "--for", "deleted")
    assert (ended.code, "its manifest is still there" in ended.err) == (1, True)
    cli.repository.git("rm", "--quiet", PATH)
    cli.repository.commit()
    ended, clock = waited(cli, "support-bot", "--for", "deleted", steps=(applied(cli),))
    assert (ended.code, len(clock.slept), ended.out.splitlines()[-1]) == (0, 1, "acme/prod/support-bot is deleted")
    assert waited(cli, "acme/prod/support-bot", "--for", "deleted")[0].code == 0, "gone is gone"
    assert waited(cli, "support-bot", "--for", "deleted")[0].code == 1, "a short name that nobody knows may be wrong"
    assert waited(cli, "--all", "--for", "deleted")[0].code == 2


def test_too_late_is_another_exit_code(cli: Cli) -> None:
    cli.repository.commit(BOT)
    ended, clock = waited(cli, "support-bot", "--timeout", "7s", "--interval", "5")
    assert (ended.code, clock.slept) == (3, [5.0, 2.0])
    assert "error: MH-CLI-013 not healthy within 7s: acme/prod/support-bot" in ended.err
    assert ended.out == "acme/prod/support-bot is not healthy: OutOfSync, Missing\n"


def test_what_cannot_be_read_is_waited_for(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.cloud.prod.unreadable[identity()] = (ReadFailure(Kind.SERVICE, "MH-AWS-016", "AWS throttles"),)
    back = cli.cloud.prod.unreadable.clear
    ended, _ = waited(cli, "support-bot", steps=(back,))
    assert (ended.code, "Unknown: AWS throttles" in ended.err) == (0, True)


def test_trouble_with_git_that_passes_is_told_and_waited_for(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from molthub.source.repository import LocalRepository  # noqa: PLC0415

    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    answers = iter([None, TransientError("MH-GIT-003", "the host does not answer", fix="")])
    asked = LocalRepository.poll

    def poll(self: Any) -> str:
        error = next(answers, None)
        if error is not None:
            raise error
        return asked(self)

    monkeypatch.setattr(LocalRepository, "poll", poll)
    ended, clock = waited(cli, "support-bot")
    assert (ended.code, len(clock.slept), "the host does not answer\n" in ended.err) == (0, 1, True)


def test_it_waits_for_the_commit_first(cli: Cli) -> None:
    first = cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    second = cli.repository.commit(instance_dict(spec={"runtime": {"env": {"TZ": "UTC"}}}))
    cli.repository.git("reset", "--quiet", "--hard", first)
    arrive = lambda: cli.repository.git("reset", "--quiet", "--hard", second)  # noqa: E731
    looks = cli.cloud.prod.observations
    ended, clock = waited(cli, "support-bot", "--commit", second, steps=(arrive, applied(cli)))
    assert (ended.code, len(clock.slept)) == (0, 2)
    assert ended.err.startswith(f"the branch is at {first[:12]}, which does not hold {second[:12]} yet\n")
    assert cli.cloud.prod.observations > looks
    assert "MH-GIT" in waited(cli, "support-bot", "--commit", "nonsense")[0].err


def test_selectors_and_machines(cli: Cli) -> None:
    cli.repository.commit(BOT, instance_dict(metadata={"name": "second"}), BAD)
    cli.run("apply", "support-bot", "second", "--auto-approve")
    looks = cli.cloud.prod.observations
    ended, _ = waited(cli, "-l", "team=support", "-o", "json")
    found = json.loads(ended.out)
    assert (ended.code, found["format"], found["for"], found["reached"]) == (0, "molthub.dev/wait/v1", "healthy", True)
    assert [item["name"] for item in found["instances"]] == ["acme/prod/support-bot"]
    assert cli.cloud.prod.observations == looks + 1
    looks = cli.cloud.prod.observations
    ended, _ = waited(cli, "--environment", "acme/prod", "-o", "json")
    found = json.loads(ended.out)
    assert (ended.code, found["reached"]) == (1, False)
    assert {item["name"]: item["reached"] for item in found["instances"]}["acme/prod/second"] is True
    assert found["instances"][0]["obstacle"]["ref"] == "MH-PIPE-014"
    assert cli.cloud.prod.observations <= looks + 2, "one look at an environment, two where something is new"
    assert waited(cli)[0].code == 2
    assert waited(cli, "support-bot", "--timeout", "soon")[0].code == 2
