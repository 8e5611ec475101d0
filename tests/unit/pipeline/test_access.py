"""Access in plans, with real signatures in a real repository and a cloud in memory."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from molthub.access.versions import PATH
from molthub.errors import StallingError
from molthub.pipeline.engine import check
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.roots import read_roots
from molthub.pipeline.types import PlannedFleet
from molthub.planning.types import InstancePlan
from molthub.resources.states import Verdict
from molthub.source.repository import open_repository
from molthub.source.signatures import SignatureChecker
from tests.builders import environment_dict, fleet_dict, instance_dict, to_yaml, tree
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.signed_fleet import SignedFleet

IMAGE = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SignedFleet:
    return SignedFleet.at(tmp_path_factory.mktemp("access"))


@pytest.fixture(scope="module")
def cloud() -> FakeFleet:
    """Both Moltbots run as they were committed first."""
    fleet = FakeFleet()
    fleet.commit(instance_dict(), instance_dict(metadata={"name": "other-bot"}))
    fleet.apply()
    return fleet


@pytest.fixture(autouse=True)
def again(signed: SignedFleet) -> Iterator[None]:
    """Each test begins at the same commit."""
    start = signed.repo.git("rev-parse", "HEAD")
    yield
    signed.repo.git("reset", "-q", "--hard", start)


def planned(signed: SignedFleet, cloud: FakeFleet) -> PlannedFleet:
    source = signed.source()
    commit = source.poll()
    head = cloud.source.commit_tree({path: e.content for path, e in source.snapshot(commit).files.items()})
    for provider in cloud.places.values():
        provider.commit = head
    asked = replace(cloud.collaborators, access=signed.gate(source), source=None)
    checked = check(source.snapshot(commit), rules=asked.rules, now=cloud.clock.now())
    return plan_fleet(checked, asked)


def plans(found: PlannedFleet) -> dict[str, InstancePlan]:
    return {view.identity.id: view.plan for view in found.views}


@pytest.mark.parametrize(("by", "ref"), [(None, "002"), ("stranger", "003"), ("oscar", "001")])
def test_what_nobody_allowed_blocks_its_instance_and_no_other(
    signed: SignedFleet, cloud: FakeFleet, by: str | None, ref: str
) -> None:
    bad = signed.commit(signed.bot(**IMAGE), by=by, email="olivia@example.com")
    signed.commit(signed.bot("other-bot", **IMAGE), by="adam")
    found = plans(planned(signed, cloud))

    assert found["support-bot"].verdict is Verdict.BLOCKED
    assert [item.ref for item in found["support-bot"].reasons] == [f"MH-ACCESS-{ref}"]
    assert found["support-bot"].reasons[0].fix == (
        "Put back what was there before, or have an ADMIN of acme/prod push a signed commit "
        f"with the trailer 'Molthub-Approve: {bad}'"
    )
    assert found["other-bot"].verdict is Verdict.OUT_OF_SYNC


def test_an_approval_and_a_revert_unblock(signed: SignedFleet, cloud: FakeFleet) -> None:
    bad = signed.commit(signed.bot(**IMAGE))
    signed.commit(by="adam", message=f"Take it over\n\nMolthub-Approve: {bad}")
    assert plans(planned(signed, cloud))["support-bot"].verdict is Verdict.OUT_OF_SYNC

    signed.repo.git("reset", "-q", "--hard", bad)
    signed.commit(signed.bot())
    assert plans(planned(signed, cloud))["support-bot"].verdict is Verdict.SYNCED


def test_an_environment_that_nobody_allowed_is_not_turned_to(signed: SignedFleet, cloud: FakeFleet) -> None:
    places = dict(cloud.places)
    elsewhere = environment_dict(spec={"aws": {"region": "us-east-1", "accountId": "210987654321"}})
    new = environment_dict(metadata={"name": "trap"}, spec={"aws": {"region": "us-east-2"}})
    bot = instance_dict(metadata={"name": "bait", "environment": "trap"})
    signed.commit({"environments/acme-prod.yaml": to_yaml(elsewhere), **tree(new, bot)}, by="oscar")
    found = planned(signed, cloud)

    assert cloud.places == places
    assert {name: plan.verdict for name, plan in plans(found).items()} == dict.fromkeys(
        ("support-bot", "other-bot", "bait"), Verdict.BLOCKED
    )
    assert plans(found)["bait"].reasons[0].message.endswith("and oscar has no role there")


def test_a_policy_that_a_non_owner_writes_changes_nothing(signed: SignedFleet, cloud: FakeFleet) -> None:
    mine = signed.policy(bindings=[{"role": "OWNER", "subjects": ["oscar"]}])
    signed.commit({PATH: to_yaml(mine)}, by="oscar")
    signed.commit(signed.bot(**IMAGE), by="oscar")
    found = planned(signed, cloud)

    assert plans(found)["support-bot"].verdict is Verdict.BLOCKED
    assert plans(found)["other-bot"].verdict is Verdict.SYNCED
    assert [item.ref for item in found.plan.diagnostics] == ["MH-ACCESS-010"]


def test_a_deletion_nobody_allowed_is_not_carried_out(signed: SignedFleet, cloud: FakeFleet) -> None:
    signed.commit({"instances/acme/prod/support-bot.yaml": None}, by="oscar")
    found = plans(planned(signed, cloud))["support-bot"]

    assert (found.verdict, found.reasons[0].ref) == (Verdict.BLOCKED, "MH-ACCESS-001")


def test_dates_mean_nothing(signed: SignedFleet, cloud: FakeFleet) -> None:
    """A commit that claims to be from before the policy is judged like any other."""
    signed.repo.variables |= {"GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z"}
    signed.commit(signed.bot(**IMAGE))
    signed.repo.variables.pop("GIT_AUTHOR_DATE")
    signed.repo.variables.pop("GIT_COMMITTER_DATE")

    assert plans(planned(signed, cloud))["support-bot"].verdict is Verdict.BLOCKED


def test_a_replaced_object_fools_nobody(signed: SignedFleet, cloud: FakeFleet) -> None:
    good = signed.repo.git("rev-parse", "HEAD")
    bad = signed.commit(signed.bot(**IMAGE))
    signed.repo.git("replace", "--force", bad, good)
    try:
        assert plans(planned(signed, cloud))["support-bot"].verdict is Verdict.BLOCKED
    finally:
        signed.repo.git("replace", "-d", bad)


def test_a_grafted_history_fools_nobody(signed: SignedFleet, cloud: FakeFleet) -> None:
    """Git still reads .git/info/grafts: nothing of a history may vanish by it."""
    start = signed.repo.git("rev-parse", "HEAD")
    signed.commit(signed.bot(**IMAGE))
    head = signed.commit(signed.bot("other-bot", **IMAGE), by="adam")
    grafts = signed.repo.path / ".git" / "info" / "grafts"
    grafts.parent.mkdir(exist_ok=True)
    grafts.write_text(f"{head} {start}\n")
    try:
        found = plans(planned(signed, cloud))["support-bot"]
    finally:
        grafts.unlink()

    assert found.verdict is Verdict.BLOCKED


def test_a_history_that_is_not_whole_stops_everything(signed: SignedFleet, cloud: FakeFleet, tmp_path: Path) -> None:
    signed.commit(signed.bot(**IMAGE), by="adam")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{signed.repo.path}", str(shallow)], check=True)
    source = open_repository(str(shallow), ref=None, cache_dir=tmp_path)
    asked = replace(cloud.collaborators, access=signed.gate(source), source=None)
    checked = check(source.snapshot(source.poll()), rules=asked.rules, now=cloud.clock.now())
    found = plans(plan_fleet(checked, asked))

    assert [plan.verdict for plan in found.values()] == [Verdict.BLOCKED, Verdict.BLOCKED]
    assert found["support-bot"].reasons[0].ref == "MH-ACCESS-014"


def test_evil_merges_and_clean_ones(signed: SignedFleet, cloud: FakeFleet) -> None:
    signed.repo.git("checkout", "-q", "-b", "side")
    signed.commit(signed.bot(**IMAGE), by="adam")
    signed.repo.git("checkout", "-q", "main")
    signed.commit(signed.bot("other-bot", **IMAGE), by="adam")
    signed.repo.git("merge", "-q", "--no-edit", "side")
    assert plans(planned(signed, cloud))["support-bot"].verdict is Verdict.OUT_OF_SYNC

    evil = signed.bot(runtime={"image": "ghcr.io/openclaw/openclaw:2026.1.1"})
    for name, content in evil.items():
        (signed.repo.path / name).write_bytes(content)
    signed.repo.git("commit", "-q", "--amend", "-a", "--no-edit", "--no-gpg-sign")
    assert plans(planned(signed, cloud))["support-bot"].verdict is Verdict.BLOCKED
    signed.repo.git("branch", "-q", "-D", "side")


def test_a_judgement_is_made_once_and_a_new_head_costs_what_is_new(signed: SignedFleet) -> None:
    source = signed.source()
    gate = signed.gate(source)
    for number in range(3):
        signed.commit(signed.bot(lifecycle={"restartedAt": f"2026-11-23T10:00:0{number}Z"}), by="oscar")
    first = gate.at(source.poll())
    assert gate.at(source.poll()) is first
    assert gate.checker is not None
    before = set(gate.checker.kept)
    new = signed.commit(signed.bot(), by="oscar")
    gate.at(source.poll())

    assert {sha for sha, _ in set(gate.checker.kept) - before} == {new}


def test_what_could_not_be_checked_is_tried_again(signed: SignedFleet) -> None:
    new = signed.commit(signed.bot(**IMAGE), by="adam")
    source = signed.source()
    gate = signed.gate(source)
    gate.checker = SignatureChecker(source, which=_nowhere)
    assert gate.at(new).mode == "invalid"

    gate.checker.which = shutil.which
    assert (gate.at(new).mode, gate.at(new).blocking(identity(), "x")) == ("signatures", ())


def _nowhere(_program: str) -> None:
    """A machine without ssh-keygen."""


def test_root_keys_as_a_file_as_text_and_as_nonsense(signed: SignedFleet, tmp_path: Path) -> None:
    public = signed.keys["root"].public
    file = tmp_path / "roots"
    file.write_text(f"# ours\n\nroot@example.com {public}\n")

    assert read_roots(str(file)) == read_roots(public) == signed.roots
    assert read_roots("").keys is None
    for given, why in {
        str(tmp_path / "none"): f"the root keys cannot be used: {tmp_path}/none: No such file or directory",
        "ssh-ed25519 AAAA": "the root keys cannot be used: the part after the type is not a whole key",
    }.items():
        with pytest.raises(StallingError) as caught:
            read_roots(given)
        assert caught.value.diagnostic.message == why


def test_a_disk_without_room_stops_for_as_long_as_it_is_full(
    signed: SignedFleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = signed.source()
    gate, head = signed.gate(source), source.poll()
    with monkeypatch.context() as full:
        full.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        told = gate.at(head)
    assert told.problem is not None
    assert told.problem.message == (
        "it cannot be told who was allowed to change what: the machine says: no such file or directory"
    )
    assert not told.believes(head, "molthub-confirm-delete")
    assert gate.at(head).mode == "signatures"


def test_a_history_pushed_back_to_before_the_policy_changes_nothing(signed: SignedFleet, cloud: FakeFleet) -> None:
    """What AWS carries may be from before the policy, so it is no rewrite for those that did not change since."""
    first = signed.repo.git("rev-list", "--max-parents=0", "HEAD").strip()
    signed.repo.git("reset", "-q", "--hard", first)
    signed.commit(signed.bot(**IMAGE))
    found = plans(planned(signed, cloud))["support-bot"]

    assert (found.verdict, [item.ref for item in found.reasons]) == (Verdict.BLOCKED, ["MH-ACCESS-018"])


def test_only_the_fleet_at_the_root_is_one(signed: SignedFleet, cloud: FakeFleet) -> None:
    """An example elsewhere stops nobody; and what is at the root cannot be swapped with it, or moved away."""
    other = to_yaml(fleet_dict(metadata={"name": "other-bots"}))
    at_root = signed.source().snapshot(signed.repo.git("rev-parse", "HEAD").strip()).files["molthub.yaml"].content
    signed.commit({"examples/molthub.yaml": other})
    assert {plan.verdict for plan in plans(planned(signed, cloud)).values()} == {Verdict.SYNCED}

    for swapped in (
        {"molthub.yaml": other, "examples/molthub.yaml": at_root},
        {"molthub.yaml": None, "a.yaml": at_root},
    ):
        bad = signed.commit(swapped)
        source = signed.source()
        refused = signed.gate(source).at(bad).blocking(identity(), "support-bot")
        assert [item.ref for item in refused] == ["MH-ACCESS-002"]
        signed.repo.git("reset", "-q", "--hard", f"{bad}^")
