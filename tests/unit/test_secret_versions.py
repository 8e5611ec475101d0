"""A failed rollout names the secrets that changed with it, and only where they can be to blame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from molthub.apply.reasons import rollout_failed
from molthub.desired.render import RenderFacts, render
from molthub.errors import Diagnostic
from molthub.health.assess import assess_health
from molthub.planning.plan import make_change
from molthub.planning.types import Change
from molthub.resources.observation import Cause, ObservedInstance, Rollout, RolloutState, ServiceRuntime
from molthub.resources.secret_versions import LABEL_SECRETS, changed_secrets, only_secrets_changed
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, TaskDefinition
from tests.builders import loaded_environment, loaded_instance
from tests.fakes.fleet import identity

NOW = datetime(2027, 1, 2, 8, 0, tzinfo=UTC)
READ = "ResourceInitializationError: unable to retrieve secret from asm: did not contain json key telegram"
CULPRIT = "acme/prod/support-bot (TELEGRAM_BOT_TOKEN)"


def definition(version: str, *, image: str = "ghcr.io/openclaw/openclaw:2026.9.6") -> TaskDefinition:
    facts = RenderFacts(secret_versions={"acme/prod/model": "v1", "acme/prod/support-bot": version})
    loaded = loaded_instance(spec={"runtime": {"image": image}})
    made = render(loaded, loaded_environment(), fleet="acme-bots", facts=facts).resources.task_definition
    assert made is not None
    return made


def change(after: TaskDefinition) -> Change:
    return make_change(Kind.TASK_DEFINITION, definition("v1"), after)


def failed(reason: str, cause: Cause = Cause.ITSELF) -> Rollout:
    return Rollout("ecs-svc/1", "x@1", RolloutState.ROLLED_BACK, NOW, reason, cause, failed_tasks=2)


def test_the_changed_secret_is_told_with_its_variables() -> None:
    before, after = definition("v1"), definition("v2")
    assert [str(item) for item in changed_secrets(before, after)] == [CULPRIT]
    assert only_secrets_changed(before, after)
    assert not only_secrets_changed(before, definition("v2", image="ghcr.io/openclaw/openclaw:2026.6.11"))
    assert changed_secrets(before, before) == changed_secrets(None, after) == ()


def test_an_older_molthubs_label_tells_nothing() -> None:
    old = definition("v1")
    containers = tuple(
        replace(item, labels=tuple((k, "fc6270a1" if k == LABEL_SECRETS else v) for k, v in item.labels))
        for item in old.containers
    )
    assert changed_secrets(replace(old, containers=containers), definition("v2")) == ()


@pytest.mark.parametrize(
    ("rollout", "after", "said"),
    [
        (failed("container gateway exited with code 1"), definition("v2"), f"the secret {CULPRIT} is the likely cause"),
        (failed(READ, Cause.SURROUNDINGS), definition("v2"), f"the secret {CULPRIT} is the likely cause"),
        (
            failed("container gateway exited with code 1"),
            definition("v2", image="ghcr.io/openclaw/openclaw:2026.6.11"),
            f"the secret {CULPRIT} may be the cause",
        ),
        (failed("CannotPullContainerError: not found", Cause.SURROUNDINGS), definition("v2"), None),
        (failed("OutOfMemoryError: container killed"), definition("v2"), None),
        (failed("container init exited with code 1"), definition("v2"), None),
        (failed("exit 1"), definition("v1", image="ghcr.io/openclaw/openclaw:2026.6.11"), None),
    ],
)
def test_who_is_blamed(rollout: Rollout, after: TaskDefinition, said: str | None) -> None:
    found = rollout_failed("acme/prod/support-bot", rollout, (change(after),))
    if said is None:
        assert "the secret " not in found.message
        return
    assert f"; {said}: its value changed with this rollout, and every start reads the new one" in found.message
    assert found.fix == "Set a good value: molthub secret rotate acme/prod/support-bot VARIABLE"


@dataclass(frozen=True, slots=True)
class Plan:
    changes: tuple[Change, ...]
    identity = identity()
    name = "acme/prod/support-bot"
    verdict = Verdict.OUT_OF_SYNC
    reasons: tuple[Diagnostic, ...] = ()
    notices: tuple[Diagnostic, ...] = ()


@pytest.mark.parametrize("state", [RolloutState.FAILED, RolloutState.IN_PROGRESS])
def test_the_status_says_it_while_the_rollback_fails(state: RolloutState) -> None:
    rollout = replace(failed(READ, Cause.SURROUNDINGS), state=state)
    runtime = ServiceRuntime("ACTIVE", 1, 0, 0, NOW - timedelta(days=1), "arn", rollout)
    plan = Plan((change(definition("v2")),))
    told = assess_health(ObservedInstance(identity(), runtime=runtime), plan, now=NOW).reason
    assert told.endswith(f"; it reads the secret {CULPRIT} as it is now, changed since it last ran: the likely cause")
    assert (
        "reads the secret" not in assess_health(ObservedInstance(identity(), runtime=runtime), Plan(()), now=NOW).reason
    )
