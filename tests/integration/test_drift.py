"""Drift of every leaf: changed by hand in AWS, seen on exactly its path, put right, and gone.

The leaves are enumerated from the rendered objects; tests/fakes/mutators.py says how each is changed, and a leaf it
does not know fails here. Many instances of one manifest drift side by side, one leaf of a kind on each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from molthub.apply.types import Outcome
from molthub.desired.render import RenderFacts, render
from molthub.pipeline.types import PlannedFleet
from molthub.planning.types import InstancePlan
from molthub.resources.normal import leaves
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, LogGroup, Resource
from tests.builders import documents, environment_dict
from tests.fakes.hand import Hand
from tests.fakes.mutators import ELSEWHERE, IMMUTABLE, NoMutatorError, Paths, mutator_for
from tests.fakes.rich_fleet import STATEMENTS, Manifest, bot
from tests.fakes.stage import Session, Stage, by_id, furnished

INSTANCES = 40
LEAST = 200
"""Leaves that one instance has at least: the enumeration is not allowed to go blind."""

ROLLING = frozenset({Kind.SERVICE, Kind.TASK_DEFINITION, Kind.TASK_ROLE, Kind.EXECUTION_ROLE})

Leaf = tuple[Kind, str]


def manifest(name: str) -> Manifest:
    return bot(
        name,
        labels={"team": "support", "note": ""},
        runtime={"env": {"TZ": "Europe/Berlin"}},
        taskRole={"statements": STATEMENTS},
        lifecycle={"deletionProtection": True, "restartedAt": "2026-11-23T10:00:00Z"},
        observability={"logLevel": "debug"},
    )


def rendered_leaves() -> list[Leaf]:
    """Every leaf of everything that the manifest is rendered to."""
    loaded = documents(manifest("bot-00"))
    (instance,), (environment,) = loaded.instances.values(), loaded.environments.values()
    resources = render(instance, environment, fleet="acme-bots", facts=RenderFacts({})).resources
    found: list[tuple[Kind, Resource | None]] = [(kind, resources.get(kind)) for kind in Kind]
    return [(kind, path) for kind, resource in found if resource is not None for path in leaves(resource)]


def mutable(found: list[Leaf]) -> list[Leaf]:
    """The leaves to change by hand. Raises NoMutatorError for one that nothing is known of."""
    wanted = [leaf for leaf in found if leaf not in IMMUTABLE and leaf not in ELSEWHERE]
    for kind, path in wanted:
        mutator_for(kind, path)
    return wanted


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage")) as made:
        environment = environment_dict(spec={"rollout": {"maxConcurrent": 20}})
        made.commit(environment, *(manifest(f"bot-{number:02}") for number in range(INSTANCES)))
        results = made.session().apply()
        assert {result.outcome for result in results.values()} == {Outcome.APPLIED}
        yield made


@pytest.fixture
def session(stage: Stage) -> Session:
    return stage.session()


@dataclass(slots=True)
class Round:
    """Leaves that drift at the same time: instance → kind → the paths that must differ there."""

    leaves: dict[str, dict[Kind, str]] = field(default_factory=dict)
    expected: dict[str, dict[Kind, Paths]] = field(default_factory=dict)


def in_rounds(wanted: list[Leaf]) -> list[Round]:
    """Spread the leaves: one of a kind on each instance, and of those that a rollout depends on one in all.

    (A definition that changes while its role may not start it fails, and ECS takes it back before Molthub does.)
    """
    rounds = [Round()]
    for leaf in sorted(wanted, key=lambda item: item[0] in ROLLING, reverse=True):
        _place(rounds, *leaf)
    return rounds


def _place(rounds: list[Round], kind: Kind, path: str) -> None:
    taken = ROLLING if kind in ROLLING else {kind}
    for number in range(INSTANCES * len(rounds) + 1):
        index, place = divmod(number, INSTANCES)
        if index == len(rounds):
            rounds.append(Round())
        there = rounds[index].leaves.setdefault(f"bot-{place:02}", {})
        if not taken & there.keys():
            there[kind] = path
            return


def test_every_leaf(stage: Stage, session: Session) -> None:
    found = rendered_leaves()
    assert len(found) >= LEAST
    rounds = in_rounds(mutable(found))
    checked = 0
    for one in rounds:
        checked += mutate(stage, one)
        planned = session.plan()
        problems = [line for bot_id, view in by_id(planned).items() for line in wrong(one, bot_id, view.plan)]
        assert problems == [], "\n".join(problems)
        put_right(stage, session, planned)
    assert checked == len(mutable(found))
    print(f"{len(found)} leaves, {checked} changed by hand and put right in {len(rounds)} rounds")


def mutate(stage: Stage, one: Round) -> int:
    clients: dict[str, object] = {}
    for bot_id, kinds in one.leaves.items():
        hand = Hand(stage, bot_id, clients)
        for kind, path in kinds.items():
            one.expected.setdefault(bot_id, {})[kind] = mutator_for(kind, path)(hand)
    return sum(len(kinds) for kinds in one.leaves.values())


def wrong(one: Round, bot_id: str, plan: InstancePlan) -> list[str]:
    """What the plan says of this instance and should not, or should and does not."""
    expected = dict(one.expected.get(bot_id, {}))
    if Kind.TASK_DEFINITION in expected:
        expected[Kind.SERVICE] = {"task_definition"}  # another revision is another definition of the service
    elif "task_definition" in expected.get(Kind.SERVICE, ()):
        ports = {"containers[gateway].ports[0]…"}
        expected[Kind.TASK_DEFINITION] = ports if "load_balancers[0]…" in expected[Kind.SERVICE] else {"memory"}
    lines = [] if plan.verdict is (Verdict.OUT_OF_SYNC if expected else Verdict.SYNCED) else [str(plan.verdict)]
    changes = {change.kind: {item.path for item in change.attributes} for change in plan.changes}
    lines += [f"{kind} is not in the plan: {expected[kind]}" for kind in expected.keys() - changes.keys()]
    for kind, paths in changes.items():
        wanted = expected.get(kind, set())
        lines += [f"{kind}.{path} is in the plan" for path in paths if not any(_is(path, item) for item in wanted)]
        lines += [f"{kind}.{item} is missing" for item in wanted if not any(_is(path, item) for path in paths)]
    return [f"{bot_id} ({one.leaves.get(bot_id)}): {line}" for line in lines]


def _is(path: str, wanted: str) -> bool:
    return path.startswith(wanted[:-1]) if wanted.endswith("…") else path == wanted


def put_right(stage: Stage, session: Session, planned: PlannedFleet) -> None:
    """Apply the plan; after that nothing is left, as a fresh process sees it too."""
    results = session.carry_out(planned)
    bad = {
        name: result for name, result in results.items() if result.outcome not in (Outcome.APPLIED, Outcome.UNCHANGED)
    }
    assert bad == {}
    for looker in (session, stage.session()):
        left = {name: view.plan.changes for name, view in by_id(looker.plan()).items() if view.plan.changes}
        assert left == {}


def test_a_leaf_without_a_mutator_fails() -> None:
    """A new field of our types must not slip through untested."""
    found = rendered_leaves()
    assert mutable(found)
    with pytest.raises(NoMutatorError, match="log-group storage_class"):
        mutable([*found, (Kind.LOG_GROUP, "storage_class")])


def test_a_new_field_is_enumerated() -> None:
    """The enumeration follows the types: a field added to one is a leaf at once."""

    @dataclass(frozen=True, slots=True)
    class Wider(LogGroup):
        storage_class: str = "STANDARD"

    assert "storage_class" in leaves(Wider("name", 30))


def test_what_is_said_to_be_immutable_is_rendered() -> None:
    """The list of exceptions holds nothing that is no leaf."""
    found = set(rendered_leaves())
    assert set(IMMUTABLE) <= found
    assert {leaf for leaf in ELSEWHERE if leaf[0] is not Kind.TASK_DEFINITION} <= found
