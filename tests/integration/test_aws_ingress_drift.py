"""Each leaf of the way in is changed by hand, seen on exactly its path, put right by its own writer, and gone."""

from __future__ import annotations

import pytest

from molthub.resources.identity import TAG_FLEET
from molthub.resources.normal import leaves
from molthub.resources.types import Kind
from tests.fakes.aws_world import differences, update
from tests.fakes.desired import rendered
from tests.fakes.ingress_mutators import IMMUTABLE, MUTATORS, NoMutatorError, mutate
from tests.fakes.ingress_world import IngressWorld, ingress_world
from tests.fakes.simulator import TestSimulator


def found_leaves() -> list[tuple[Kind, str]]:
    resources = rendered("webhook").resources
    found = [(kind, resource) for kind in MUTATORS if (resource := resources.get(kind)) is not None]
    return [(kind, path) for kind, resource in found for path in leaves(resource)]


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> IngressWorld:
    return ingress_world(simulator, monkeypatch)


def test_every_leaf(world: IngressWorld) -> None:
    desired = world.desired()
    world.make(desired)
    changed = [leaf for leaf in found_leaves() if leaf not in IMMUTABLE and not leaf[1].endswith(f"[{TAG_FLEET}]")]
    assert len(changed) >= 20
    for kind, path in changed:
        expected = {f"{kind}.{item}" for item in mutate(world, kind, path)}
        seen = world.seen(sweep=True).resources
        assert {_whole(item) for item in differences(seen, desired)} == {_whole(item) for item in expected}, path
        assert world.perform(update(seen.get(kind), desired.get(kind), kind)).wrote, path
        assert differences(world.seen().resources, desired) == {}, path
        assert not world.perform(update(seen.get(kind), desired.get(kind), kind)).wrote, path


def _whole(path: str) -> str:
    """An unmanaged setting or a list that became longer or shorter is one difference."""
    lists = ("unmanaged", "paths", "methods")
    return path.split("[", maxsplit=1)[0] if any(name in path for name in lists) else path


def test_a_leaf_without_a_mutator_fails(world: IngressWorld) -> None:
    with pytest.raises(NoMutatorError, match="listener-rule priority"):
        mutate(world, Kind.LISTENER_RULE, "priority")
    assert set(IMMUTABLE) <= set(found_leaves())


@pytest.mark.parametrize("kind", [Kind.TARGET_GROUP, Kind.LISTENER_RULE])
def test_another_fleets_tag_blocks(world: IngressWorld, kind: Kind) -> None:
    world.make(world.desired())
    mutate(world, kind, f"tags[{TAG_FLEET}]")
    for sweep in (True, False):
        assert [item.kind for item in world.seen(sweep=sweep).foreign] == [kind]
    with pytest.raises(Exception, match="MH-AWS-013"):
        world.perform(update(None, world.desired().get(kind), kind))


def test_a_host_of_somebody_else_blocks(world: IngressWorld) -> None:
    desired = world.desired()
    record = {"Name": world.host, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    world.client("route53").change_resource_record_sets(HostedZoneId=world.zone, ChangeBatch=batch)
    assert [item.kind for item in world.seen().foreign] == [Kind.DNS_RECORD]
    with pytest.raises(Exception, match=r"The dns-record support-bot\.bots\.example\.com exists but is not ours"):
        world.perform(update(None, desired.dns_record, Kind.DNS_RECORD))
