"""The runner on a target in memory: evaluated on every base, refused for new errors, raced and tried again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

import pytest

from molthub.errors import InvalidInputError, MolthubError, StallingError
from molthub.manifest.selection import Selector, select
from molthub.pipeline.actions.fields import SetImage
from molthub.pipeline.actions.label import Label
from molthub.pipeline.actions.run import Outcome, Proposal, Retry, Runner, Status
from molthub.pipeline.actions.types import Action, Edit
from molthub.pipeline.actions.whole import Delete, Rename, Replace
from molthub.pipeline.types import CheckedFleet
from molthub.policies.registry import builtin_rules
from molthub.resources.identity import EnvironmentKey
from molthub.source.building import Draft
from molthub.source.target import Base, BranchMovedError, Landed
from molthub.source.types import FileEntry, Snapshot
from tests.builders import documents, instance_dict, tree
from tests.fakes.clock import START

NAMES = ("a", "b", "c")
FILES = tree(*(instance_dict(metadata={"name": name, "labels": {"n": name}}) for name in NAMES))


@dataclass
class MemoryTarget:
    """A CommitTarget whose commits are dictionaries. rivals: each is done to the tip just before a push."""

    tip: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    rivals: list[Callable[[dict[str, bytes]], None]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    held: int = 0
    label = "memory"
    branch = "main"

    def __post_init__(self) -> None:
        self.commits = [dict(self.tip)]

    def committer(self) -> str:
        return "ana@example.com"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def base(self) -> Base:
        assert self.held == 1
        return Base(str(len(self.commits) - 1))

    def snapshot(self, commit: str) -> Snapshot:
        return Snapshot(commit, {p: FileEntry(p, "", c) for p, c in self.commits[int(commit)].items()})

    def check(self, names: Collection[str]) -> None:
        pass

    def build(self, draft: Draft) -> str:
        files = {**self.commits[int(draft.base)], **draft.files}
        self.made = (draft, {path: content for path, content in files.items() if content is not None})
        return f"commit-{draft.base}"

    def land(self, commit: str) -> Landed:
        assert (self.held, commit) == (1, f"commit-{self.made[0].base}")
        if self.rivals:
            files = dict(self.commits[-1])
            self.rivals.pop(0)(files)
            self.commits.append(files)
            raise BranchMovedError("main", "memory")
        self.commits.append(self.made[1])
        self.messages.append(self.made[0].message)
        return Landed(pushed=True)


@dataclass
class Seen:
    """What was shown, slept and told."""

    proposals: list[Proposal] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def runner(target: MemoryTarget, seen: Seen | None = None) -> Runner:
    seen = seen or Seen()
    return Runner(
        target=target,
        rules=builtin_rules(),
        now=lambda: START,
        retry=Retry(sleep=seen.slept.append, random=lambda: 0.5, attempts=4),
        confirm=seen.proposals.append,
        tell=seen.told.append,
    )


def run(action: Action, target: MemoryTarget | None = None, seen: Seen | None = None) -> Outcome:
    return runner(target or MemoryTarget(), seen).run(action)


ALL = Selector(everything=True)
A = Selector(names=("a",))


def test_one_commit_with_its_trailers() -> None:
    target = MemoryTarget()
    done = replace(runner(target), why="Because").run(Label(ALL, {"tier": "gold"}, ("n",)))
    assert (done.status, done.commit, done.attempts) == (Status.COMMITTED, "commit-0", 1)
    assert target.messages == [
        (
            "Label 3 instances: tier=gold, n-\n\nBecause\n\nMolthub-Action: label\n"
            "Molthub-Instance: acme/prod/a\nMolthub-Instance: acme/prod/b\nMolthub-Instance: acme/prod/c\n"
        )
    ]


def test_what_holds_already_makes_no_commit() -> None:
    seen = Seen()
    done = run(Label(A, {"n": "a"}, ("x",)), seen=seen)
    assert (done.status, done.commit, seen.proposals) == (Status.HOLDS, None, [])
    some = run(Label(ALL, {"n": "a"}), seen=seen)
    assert [str(one) for one in some.proposal.edit.instances] == ["acme/prod/b", "acme/prod/c"]


def test_a_lost_race_is_evaluated_again() -> None:
    """Both changes are there in the end: ours, and theirs in the same file."""
    other = FILES["instances/acme/prod/a.yaml"].replace(b"n: a", b"n: theirs")
    target = MemoryTarget(rivals=[lambda files: files.update({"instances/acme/prod/a.yaml": other})])
    seen = Seen()
    done = run(Label(A, {"tier": "gold"}), target, seen)
    assert (done.attempts, len(seen.proposals), seen.slept) == (2, 1, [0.1])
    assert b"n: theirs\n    tier: gold" in target.commits[-1]["instances/acme/prod/a.yaml"]
    assert seen.told == ["Somebody else pushed first; trying again on top of that."]


def test_a_race_in_which_somebody_did_the_same() -> None:
    wanted = run(Label(A, {"tier": "gold"})).proposal.edit.files["instances/acme/prod/a.yaml"]
    assert wanted is not None
    target = MemoryTarget(rivals=[lambda files: files.update({"instances/acme/prod/a.yaml": wanted})])
    assert run(Label(A, {"tier": "gold"}), target).status is Status.HOLDS


def test_a_race_that_makes_it_impossible() -> None:
    target = MemoryTarget(rivals=[lambda files: files.pop("instances/acme/prod/a.yaml") and None])
    with pytest.raises(StallingError) as error:
        run(Label(A, {"tier": "gold"}), target)
    assert error.value.ref == "MH-PIPE-001"
    assert (target.held, target.messages) == (0, [])


def test_more_instances_than_were_confirmed_are_asked_about_again() -> None:
    more = tree(instance_dict(metadata={"name": "d", "labels": {"n": "d"}}))
    target = MemoryTarget(rivals=[lambda files: files.update(more)])
    seen = Seen()
    run(Label(ALL, {"tier": "gold"}), target, seen)
    assert [len(proposal.edit.instances) for proposal in seen.proposals] == [3, 4]


def test_the_last_of_an_environment_is_confirmed_as_such() -> None:
    def others_go(files: dict[str, bytes]) -> None:
        for name in ("b", "c"):
            del files[f"instances/acme/prod/{name}.yaml"]

    target, seen = MemoryTarget(rivals=[others_go]), Seen()
    run(Delete(A), target, seen)
    assert [bool(proposal.edit.trailers) for proposal in seen.proposals] == [False, True]


def test_a_race_that_is_always_lost() -> None:
    def rival(files: dict[str, bytes]) -> None:
        files["notes.md"] = b"x" * (len(files.get("notes.md", b"")) + 1)

    target, seen = MemoryTarget(rivals=[rival] * 9), Seen()
    with pytest.raises(BranchMovedError):
        run(Label(A, {"tier": "gold"}), target, seen)
    assert seen.slept == [0.1, 0.2, 0.4, 0.8]


def test_only_what_it_brings_is_refused() -> None:
    """A manifest of a neighbour that is wrong already, and one of its own, stop nothing."""
    broken = {**FILES, "instances/acme/prod/z.yaml": b"apiVersion: molthub/v1\nkind: MoltbotInstance\n"}
    latest = {
        **broken,
        "instances/acme/prod/a.yaml": FILES["instances/acme/prod/a.yaml"].replace(b":2026.9.6", b":latest"),
    }
    assert run(Label(A, {"tier": "gold"}), MemoryTarget(latest)).status is Status.COMMITTED
    with pytest.raises(InvalidInputError) as error:
        run(SetImage(Selector(names=("b",)), "a/b:latest"), MemoryTarget(latest))
    assert [item.ref for item in error.value.diagnostics] == ["MH-IMG-001"]
    with pytest.raises(InvalidInputError) as error:
        run(Label(A, {"": "x"}), MemoryTarget(latest))
    assert error.value.diagnostics[0].location is not None


def test_dry_run_and_a_tree_without_a_fleet() -> None:
    target, seen = MemoryTarget(), Seen()
    done = replace(runner(target, seen), dry_run=True).run(Label(A, {"tier": "gold"}))
    assert (done.status, len(seen.proposals), len(target.commits)) == (Status.DRY_RUN, 1, 1)
    with pytest.raises(InvalidInputError) as error:
        run(Label(A, {"tier": "gold"}), MemoryTarget({}))
    assert error.value.ref == "MH-FLEET-001"


def test_who_does_not_want_it_gets_nothing() -> None:
    def refuse(_proposal: Proposal) -> None:
        raise StallingError("MH-CLI-004", "not approved")

    target = MemoryTarget()
    with pytest.raises(StallingError):
        replace(runner(target), confirm=refuse).run(Label(A, {"tier": "gold"}))
    assert (target.messages, target.held) == ([], 0)


def test_an_empty_commit() -> None:
    @dataclass
    class Ask:
        name: str = "reconcile"

        def edit(self, fleet: CheckedFleet) -> Edit:
            assert fleet.documents.fleet is not None
            return Edit({}, (), "Ask", empty_commit=True, trailers={"Molthub-X": "1\n2"})

    target = MemoryTarget()
    assert run(Ask(), target).status is Status.COMMITTED
    assert target.messages == ["Ask\n\nMolthub-Action: reconcile\nMolthub-X: 1\nMolthub-X: 2\n"]


# -- rename, delete, edit ---------------------------------------------------------------------------------


def test_a_manifest_that_cannot_be_used_says_why() -> None:
    broken = {**FILES, "instances/acme/prod/a.yaml": FILES["instances/acme/prod/a.yaml"].replace(b"spec:", b"spek:")}
    for name in ("a", "acme/prod/a"):
        with pytest.raises(InvalidInputError) as error:
            run(Label(Selector(names=(name,)), {"x": "y"}), MemoryTarget(broken))
        assert [item.ref for item in error.value.diagnostics] == ["MH-MAN-002", "MH-MAN-001"]


def test_rename_keeps_the_identity_and_moves_the_file() -> None:
    target = MemoryTarget()
    done = run(Rename("a", "help-desk"), target)
    after = done.proposal.after.documents.instances
    assert next((one.id, loaded.path) for one, loaded in sorted(after.items())) == (
        "a",
        "instances/acme/prod/help-desk.yaml",
    )
    assert "instances/acme/prod/a.yaml" not in target.commits[-1]
    assert b"\n  id: a\n  name: help-desk\n" in target.commits[-1]["instances/acme/prod/help-desk.yaml"]
    assert run(Rename("a", "help-desk"), target).status is Status.HOLDS
    assert run(Rename("help-desk", "a"), target).status is Status.COMMITTED
    assert b"\n  id: a\n  name: a\n" in target.commits[-1]["instances/acme/prod/a.yaml"]


def test_rename_leaves_a_file_of_another_name_where_it_is() -> None:
    files = {**FILES, "bots.yaml": FILES["instances/acme/prod/a.yaml"]}
    del files["instances/acme/prod/a.yaml"]
    done = run(Rename("a", "x"), MemoryTarget(files))
    assert list(done.proposal.edit.files) == ["bots.yaml"]
    with pytest.raises(InvalidInputError):
        run(Rename("a", "b"))
    with pytest.raises(InvalidInputError) as error:
        run(Rename("a", "Not_A_Name"))
    assert error.value.ref == "MH-MAN-006"


def test_delete_confirms_where_the_guard_would_wait() -> None:
    target = MemoryTarget()
    run(Delete(A), target)
    assert "Molthub-Confirm-Delete" not in target.messages[-1]
    run(Delete(Selector(names=("b", "c"))), target)
    assert target.messages[-1].endswith("Molthub-Confirm-Delete: acme/prod 2\n"), "the last of their environment"
    many = [
        instance_dict(metadata={"name": f"n{number}", "environment": where})
        for number in range(20)
        for where in ("dev", "prod")
    ]
    crowd = MemoryTarget(tree(*many))
    run(Delete(Selector(names=tuple(f"acme/{where}/n{n}" for n in range(3) for where in ("dev", "prod")))), crowd)
    assert crowd.messages[-1].endswith("Molthub-Confirm-Delete: acme/dev 3\nMolthub-Confirm-Delete: acme/prod 3\n")


def test_delete_refuses_what_is_protected() -> None:
    files = tree(instance_dict(spec={"lifecycle": {"deletionProtection": True}}))
    with pytest.raises(StallingError) as error:
        run(Delete(ALL), MemoryTarget(files))
    assert (error.value.ref, error.value.diagnostic.message) == (
        "MH-ACT-009",
        "acme/prod/support-bot is protected from deletion",
    )


def test_an_edit_of_what_somebody_else_changed() -> None:
    old = FILES["instances/acme/prod/a.yaml"]
    new = old.replace(b"n: a", b"n: mine")
    assert run(Replace("a", old, new)).status is Status.COMMITTED
    assert run(Replace("a", old, old)).status is Status.HOLDS
    theirs = {**FILES, "instances/acme/prod/a.yaml": old.replace(b"n: a", b"n: theirs")}
    refused = {
        "MH-ACT-008": (new, theirs),
        "MH-ACT-004": (old.replace(b"name: a\n", b"name: z\n"), FILES),
        "MH-YAML-003": (b"{", FILES),
    }
    for ref, (text, files) in refused.items():
        with pytest.raises(MolthubError) as error:
            run(Replace("a", old, text), MemoryTarget(dict(files)))
        assert error.value.ref == ref


# -- selection --------------------------------------------------------------------------------------------


def selected(**selector: object) -> list[str]:
    fleet = documents(
        instance_dict(metadata={"name": "a", "labels": {"team": "x", "tier": "1"}}),
        instance_dict(metadata={"name": "a", "environment": "dev"}),
        instance_dict(metadata={"name": "b", "workspace": "globex", "environment": "dev", "labels": {"team": "x"}}),
    )
    return [loaded.display_name for loaded in select(fleet, Selector(**selector))]  # type: ignore[arg-type]


def test_selection() -> None:
    assert selected(names=("b", "acme/prod/a", "b")) == ["acme/prod/a", "globex/dev/b"]
    assert selected(labels={"team": "x"}) == ["acme/prod/a", "globex/dev/b"]
    assert selected(labels={"team": "x"}, workspaces=frozenset({"acme"})) == ["acme/prod/a"]
    assert selected(environments=frozenset({EnvironmentKey("acme", "dev")})) == ["acme/dev/a"]
    assert len(selected(everything=True)) == 3


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ({"names": ("a",)}, "MH-PIPE-002 a is not unique: acme/dev/a, acme/prod/a"),
        ({"names": ("acme/prod/b",)}, "MH-PIPE-001 there is no instance acme/prod/b in this fleet"),
        ({"labels": {"team": "y"}}, "MH-ACT-001 no instance is selected"),
        ({}, "MH-ACT-001 no instance is selected"),
        (
            {"workspaces": frozenset({"acmee"})},
            "MH-PIPE-001 there is no workspace acmee in this fleet (Did you mean acme?)",
        ),
        ({"environments": frozenset({EnvironmentKey("acme", "prd")})}, "Did you mean acme/prod?"),
    ],
)
def test_selections_of_nothing(selector: dict[str, object], message: str) -> None:
    with pytest.raises(StallingError) as error:
        selected(**selector)
    assert message in str(error.value)
