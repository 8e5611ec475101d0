"""Four roles × every action × signed, unsigned, by a wrong key, with a forged author."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from molthub.access import needs
from molthub.access.content import Subject
from molthub.manifest.access import Role
from tests.builders import environment_dict, fleet_dict, to_yaml
from tests.fakes.access_history import BOT, NEIGHBOUR, SUBJECT, FakeHistory, bot, good, person, policy_dict, unknown

WHO = {Role.VIEWER: "vera", Role.OPERATOR: "oscar", Role.ADMIN: "adam", Role.OWNER: "olivia"}
ENVIRONMENT = Subject("Environment", "acme/prod")
WAIVED = {"policies": {"waivers": [{"rule": "MH-IMG-002", "reason": "until they release", "until": "2027-01-31"}]}}
PAUSE = {"lifecycle": {"paused": {"by": "ana@example.com", "reason": "holiday"}}}
PROTECTED = {"lifecycle": {"deletionProtection": True}}
IMAGE = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}}
ENV_FILE = "environments/acme-prod.yaml"


def spec(**overrides: Any) -> dict[str, bytes | None]:
    return {BOT: bot(spec=overrides)}


ACTIONS: dict[str, tuple[Role, dict[str, bytes | None], Subject]] = {
    # action: the least role that may, the files it changes, what it is about
    "pause": (Role.OPERATOR, spec(**PAUSE), SUBJECT),
    "restart": (Role.OPERATOR, spec(lifecycle={"restartedAt": "2026-11-23T10:00:00Z"}), SUBJECT),
    "label": (Role.OPERATOR, {BOT: bot(metadata={"labels": {"team": "support"}})}, SUBJECT),
    "image": (Role.ADMIN, spec(**IMAGE), SUBJECT),
    "rename": (Role.ADMIN, {BOT: bot(metadata={"name": "help-bot", "id": "support-bot"})}, SUBJECT),
    "edit": (Role.ADMIN, spec(network={"egressPreset": "DEFAULT"}), SUBJECT),
    "pause and edit": (Role.ADMIN, spec(**PAUSE, **IMAGE), SUBJECT),
    "create": (Role.ADMIN, {"new.yaml": bot("new-bot")}, Subject("MoltbotInstance", "acme/prod/new-bot")),
    "delete": (Role.ADMIN, {BOT: None}, SUBJECT),
    "break": (Role.ADMIN, {BOT: bot(spec={"runtime": {"image": 7}})}, SUBJECT),
    "protect": (Role.ADMIN, spec(**PROTECTED), SUBJECT),
    "waive": (Role.OWNER, spec(**WAIVED), SUBJECT),
    "create waived": (
        Role.OWNER,
        {"new.yaml": bot("new-bot", spec=WAIVED)},
        Subject("MoltbotInstance", "acme/prod/new-bot"),
    ),
    "switch a guardrail off": (Role.OWNER, spec(policies={"forbidPublicAdmin": False}), SUBJECT),
    "environment": (
        Role.OWNER,
        {ENV_FILE: to_yaml(environment_dict(spec={"rollout": {"maxConcurrent": 1}}))},
        ENVIRONMENT,
    ),
    "fleet": (Role.OWNER, {"molthub.yaml": to_yaml(fleet_dict(metadata={"name": "other"}))}, Subject("Fleet")),
}


@pytest.fixture(scope="module")
def history() -> FakeHistory:
    return FakeHistory.founded()


def _tried(history: FakeHistory, files: dict[str, bytes | None], subject: Subject, **commit: Any) -> bool:
    """Whether the change was refused. The history is the same afterwards."""
    head = history.head
    sha = history.commit(files, **commit)
    judged = history.judged()
    history.head = head
    assert not judged.state(NEIGHBOUR).blocked
    assert judged.state(subject).blocked == (sha in judged.refusals)
    return judged.state(subject).blocked


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", list(Role))
def test_a_signature_counts_for_the_role_of_its_key(history: FakeHistory, role: Role, action: str) -> None:
    least, files, subject = ACTIONS[action]

    assert _tried(history, files, subject, by=WHO[role]) == (not role.covers(least))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", list(Role))
def test_without_their_signature_nobody_may_anything(history: FakeHistory, role: Role, action: str) -> None:
    """Unsigned, by a key that nobody knows, and by somebody else's: whatever the author claims to be."""
    least, files, subject = ACTIONS[action]
    email = f"{WHO[role]}@example.com"

    assert _tried(history, files, subject, email=email)
    assert _tried(history, files, subject, by=unknown("stranger"), email=email)
    assert _tried(history, files, subject, by=good("host"), email=email)
    assert _tried(history, files, subject, by="vera", email=email)
    assert _tried(history, files, subject, by=WHO[role], email="olivia@example.com") == (not role.covers(least))


def test_a_role_ends_where_its_scope_ends(history: FakeHistory) -> None:
    document = to_yaml(environment_dict(metadata={"name": "dev"}))
    dev = bot("dev-bot", metadata={"environment": "dev"})
    subject = Subject("MoltbotInstance", "acme/dev/dev-bot")

    assert _tried(history, {"e.yaml": document, "d.yaml": dev}, subject, by="adam")
    assert not _tried(history, {"e.yaml": document, "d.yaml": dev}, subject, by="olivia")


@pytest.mark.parametrize(
    ("off", "on", "least"),
    [
        pytest.param({}, PROTECTED, Role.ADMIN, id="protect"),
        pytest.param(PROTECTED, {}, Role.OWNER, id="unprotect"),
        pytest.param(WAIVED, {}, Role.ADMIN, id="take-a-waiver-away"),
        pytest.param({"policies": {"requireSecretManager": False}}, {}, Role.ADMIN, id="switch-a-guardrail-on"),
    ],
)
def test_loosening_needs_more_than_tightening(off: dict[str, Any], on: dict[str, Any], least: Role) -> None:
    history = FakeHistory.founded()
    history.commit({BOT: bot(spec=off)}, by="olivia")

    refused = {role for role in Role if _tried(history, {BOT: bot(spec=on)}, SUBJECT, by=WHO[role])}

    assert refused == {role for role in Role if not role.covers(least)}


def test_an_operator_goes_back_to_what_was_allowed_and_nowhere_else() -> None:
    history = FakeHistory.founded()
    history.commit(spec(**IMAGE), by="adam")
    history.commit(spec(**IMAGE, **PAUSE), by="oscar")

    assert not _tried(history, spec(), SUBJECT, by="oscar")
    assert not _tried(history, spec(lifecycle={"restartedAt": "2026-11-23T10:00:00Z"}), SUBJECT, by="oscar")
    assert _tried(history, spec(runtime={"image": "ghcr.io/openclaw/openclaw:2026.9.5"}), SUBJECT, by="oscar")
    assert _tried(history, spec(**WAIVED), SUBJECT, by="oscar")


def test_a_rollback_never_leads_to_what_was_refused() -> None:
    history = FakeHistory.founded()
    history.commit(spec(**IMAGE), by="oscar")
    history.commit(spec(), by="oscar")

    assert _tried(history, spec(**IMAGE), SUBJECT, by="oscar")


def test_comments_moves_and_defaults_need_no_role(history: FakeHistory) -> None:
    same = b"# a comment\n" + bot(spec={"runtime": {"cpu": 1024}})

    assert not _tried(history, {BOT: same}, SUBJECT)
    assert not _tried(history, {BOT: None, "elsewhere/bot.yaml": bot()}, SUBJECT)


TRAILERS: list[tuple[str, str, Role]] = [
    ("Molthub_Confirm_Delete", "acme/prod 3", Role.OWNER),
    ("Molthub_Accept_Rewrite", "0" * 40, Role.OWNER),
    ("Molthub_Secret", "set acme/prod/support-bot#slackBot", Role.OPERATOR),
    ("Molthub_Bootstrap", "created the base of acme/prod", Role.OWNER),
]


@pytest.mark.parametrize(("trailer", "value", "least"), TRAILERS)
def test_trailers_count_by_role(history: FakeHistory, trailer: str, value: str, least: Role) -> None:
    head = history.head
    refused = set()
    for role in Role:
        sha = history.commit(by=WHO[role], **{trailer: value})
        judged = history.judged()
        if not judged.counts(sha, trailer.replace("_", "-").lower()):
            refused.add(role)
            assert [item.ref for item in judged.refusals[sha]] == ["MH-ACCESS-016"]
        history.head = head

    assert refused == {role for role in Role if not role.covers(least)}


@pytest.mark.parametrize(
    ("changes", "email", "refused"),
    [
        pytest.param({"mode": "claimed-author"}, "adam@example.com", False, id="claimed"),
        pytest.param({"mode": "claimed-author"}, "ADAM@example.com", False, id="claimed-in-capitals"),
        pytest.param({"mode": "claimed-author"}, "oscar@example.com", True, id="claimed-by-an-operator"),
        pytest.param({"mode": "claimed-author"}, "adam@exampIe.com", True, id="a-lookalike"),
        pytest.param({"mode": "open"}, "anybody@example.com", False, id="open"),
        pytest.param({}, "adam@example.com", True, id="signatures"),
    ],
)
def test_the_modes(changes: dict[str, Any], email: str, refused: bool) -> None:
    history = FakeHistory.founded(**changes)

    assert _tried(history, spec(**IMAGE), SUBJECT, email=email) == refused
    assert history.judged().mode == policy_dict(**changes)["spec"].get("mode", "signatures")


@pytest.mark.parametrize("vouches", [True, False])
def test_a_hosts_signature_counts_for_the_author_where_it_vouches(vouches: bool) -> None:
    hosts = [{"name": "git-example", "keys": [person("host")["keys"][0]], "vouchesForAuthor": vouches}]
    history = FakeHistory.founded(hosts=hosts)

    assert _tried(history, spec(**IMAGE), SUBJECT, by="host", email="adam@example.com") != vouches
    assert _tried(history, spec(**IMAGE), SUBJECT, by="host", email="oscar@example.com")
    assert _tried(history, spec(**IMAGE), SUBJECT, by="host", email="stranger@example.com")


def test_the_page_has_the_table_of_the_code() -> None:
    rows = [line for line in (needs.__doc__ or "").splitlines() if line.startswith("|")]
    page = (Path(__file__).parents[3] / "docs" / "access.md").read_text()

    assert len(rows) == 7
    assert "\n".join(rows) in page
