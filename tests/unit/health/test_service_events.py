"""What ECS's own events add: trouble that is not over, a task that ails, a service that is not steady."""

from __future__ import annotations

from datetime import timedelta

import pytest

from molthub.health.service_events import LONGEST, trouble, words
from molthub.health.types import Health
from molthub.resources.observation import RolloutState, ServiceEvent
from tests.unit.health.test_assess import NOW, event, record, rollout

PLACE = "was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently"
SICK = (
    "(port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/mh/1) "
    "due to (reason Health checks failed)"
)
STARTED = "has started 1 tasks: (task 0123456789abcdef0123456789abcdef)"
STEADY = "has reached a steady state"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (PLACE, f"ECS cannot place a task ({PLACE})"),
        (
            "failed to launch a task with (error ECS was unable to assume the role)",
            "ECS cannot launch a task (failed to launch a task with (error ECS was unable to assume the role))",
        ),
        (
            "(task 0123456789abcdef0123456789abcdef) failed container health checks",
            "a task failed its health check (task 01234567 failed container health checks)",
        ),
        (SICK, f"the load balancer finds a task unhealthy ({SICK})"),
        (
            "is unable to consistently start tasks successfully",
            "its tasks do not stay up (is unable to consistently start tasks successfully)",
        ),
        ("has stopped 1 running tasks: (task 0123456789abcdef)", "has stopped 1 running tasks: task 01234567"),
        ("has begun draining connections on 1 tasks", ""),
    ],
)
def test_trouble_is_told_in_our_words_and_in_those_of_ecs(message: str, told: str) -> None:
    assert trouble([event(message, minutes=1)]) == told


def test_trouble_from_before_it_was_steady_is_over() -> None:
    found = [event(STEADY, minutes=1), event(PLACE, minutes=2)]
    assert trouble(found) == ""
    assert trouble(found[1:], NOW - timedelta(minutes=1)) == "", "nor does what happened before count"
    assert trouble([event("has stopped 1 running tasks", minutes=1), event(PLACE, minutes=2)]).startswith("ECS cannot")


def test_a_long_message_is_cut() -> None:
    assert len(words(ServiceEvent(NOW, "x" * 1000))) == LONGEST


def test_a_deployment_that_cannot_place_a_task_says_so() -> None:
    rolling = rollout(RolloutState.IN_PROGRESS, ago=timedelta(minutes=5))
    found = record(running=0, rollout=rolling, events=(event(PLACE, minutes=2), event(STEADY, minutes=9)))
    assert found.health is Health.PROGRESSING
    assert found.reason == f"a deployment is under way: ECS cannot place a task ({PLACE})"
    failed = rollout(RolloutState.IN_PROGRESS, ago=timedelta(minutes=5), failed_tasks=1, reason="rolling back")
    told = record(running=0, rollout=failed, events=(event(PLACE, minutes=2),)).reason
    assert told == f"a deployment is under way; 1 task failed so far: rolling back; ECS cannot place a task ({PLACE})"
    before = record(running=0, rollout=rolling, events=(event(PLACE, minutes=8),))
    assert before.reason == "a deployment is under way", "that was another deployment's"


def test_a_running_task_that_the_load_balancer_finds_unhealthy_is_degraded() -> None:
    found = record(events=(event(SICK, minutes=2), event(STEADY, minutes=60)))
    assert (found.health, found.reason) == (
        Health.DEGRADED,
        f"the load balancer finds a task unhealthy ({SICK})",
    )
    assert record(events=(event(STEADY, minutes=1), event(SICK, minutes=2))).health is Health.HEALTHY
    assert record(events=(event(SICK, minutes=60),)).health is Health.HEALTHY, "long ago"


def test_a_task_that_was_started_again_is_progressing_until_the_service_is_steady() -> None:
    failed = event("(task 0123456789abcdef) failed container health checks", minutes=4)
    events = (event(STARTED, minutes=3), failed, event(STEADY, minutes=60))
    found = record(events=events)
    assert found.health is Health.PROGRESSING
    assert found.reason == (
        "its task was started again and is not steady yet: "
        "a task failed its health check (task 01234567 failed container health checks)"
    )
    assert record(events=(event(STEADY, minutes=1), *events)).health is Health.HEALTHY
    own = rollout(RolloutState.COMPLETED, ago=timedelta(minutes=5))
    assert record(events=events, rollout=own).health is Health.HEALTHY, "the deployment's own first task"
    again = (event(STARTED, minutes=3), event(STEADY, minutes=4))
    assert record(events=again, rollout=own).health is Health.PROGRESSING, "it was over, and another was started"
    old = (event(STARTED, minutes=30), event(STEADY, minutes=60))
    assert record(events=old).health is Health.HEALTHY, "by then other events tell"
