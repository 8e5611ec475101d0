"""A signed request on its whole way: the simulated listener's rules, the healthy target, the real gate, a gateway."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.front import running_front
from tests.fakes.gate import STRANGER, request, running_gate
from tests.fakes.ingress_world import IngressWorld, ingress_world
from tests.fakes.simulator import TestSimulator


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> IngressWorld:
    made = ingress_world(simulator, monkeypatch)
    made.deploy(made.desired())
    return made


def targets(world: IngressWorld) -> list[tuple[str, int]]:
    """The addresses of the instance's tasks, whatever their health."""
    elb = world.client("elbv2")
    (group,) = elb.describe_target_groups(Names=[world.names.target_group])["TargetGroups"]
    told = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    return [(item["Target"]["Id"], item["Target"]["Port"]) for item in told]


def test_only_what_the_rule_names_comes_through_and_only_signed_is_answered_200(world: IngressWorld) -> None:
    listener = world.foundation.listeners[0].arn
    (target,) = targets(world)
    with running_gate() as gate, running_front(world.client, listener, {target: ("127.0.0.1", gate.port)}) as front:

        def status(body: bytes = b"{}", host: bytes = world.host.encode(), **changes: Any) -> int:
            raw = request(body, more=(b"Host: " + host,), without=("Host",), **changes)
            return int(front.send(raw).split(b" ", 2)[1])

        assert status(b'{"message":"one"}') == 200
        assert status(b'{"message":"two"}', host=world.host.upper().encode() + b":443") == 200
        assert status(b'{"message":"two"}') == 401, "a replay"
        assert status(b'{"message":"three"}', key=STRANGER) == 401
        for path in (b"/", b"/hooks/agent/", b"/HOOKS/agent", b"//hooks/agent", b"/hooks/%61gent", b"/tools/invoke"):
            assert status(target=path) == 403, path
        assert status(host=b"other.bots.example.com") == 403
        assert status(method=b"GET") == 403
        assert front.send(b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert {route.target for route in front.routed if route.status is None} == {target}
        stop = {"cluster": world.foundation.cluster, "service": world.names.service, "desiredCount": 0}
        world.client("ecs").update_service(**stop)
        assert status(b'{"message":"four"}') == 503
    assert len(gate.gateway.requests) == 2
    assert not any(b"X-Forwarded" in item for item in gate.gateway.requests)
