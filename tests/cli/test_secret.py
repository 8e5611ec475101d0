"""`molthub secret`: values go to the store and nowhere else; manifests keep their comments; the history tells of it."""

from __future__ import annotations

import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from molthub.errors import StallingError
from molthub.resources.foundation import Foundation
from molthub.resources.observation import ReadFailure
from tests.builders import REMOVED, environment_dict, instance_dict
from tests.fakes.cli import Cli, Result
from tests.fakes.provider import FakeProvider
from tests.fakes.secret_store import FakeSecretStore

VALUE = "xoxb" + "-not-a-real-token"
MANIFEST = "instances/acme/prod/support-bot.yaml"
MODEL, BOT = "acme/prod/model", "acme/prod/support-bot"
OURS = {"molthub:fleet": "acme-bots", "molthub:workspace": "acme", "molthub:environment": "prod"}


class Desk:
    """A person with a repository, a store, and something to pipe in."""

    def __init__(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cli, self.store, self._monkeypatch = cli, FakeSecretStore(), monkeypatch
        cli.roots = replace(cli.roots, secrets=self.store.factory)
        for who in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{who}_NAME", "Ana")
            monkeypatch.setenv(f"GIT_{who}_EMAIL", "ana@example.com")
        cli.repository.commit(instance_dict())

    def run(self, *arguments: str, piped: str | bytes = VALUE + "\n") -> Result:
        content = piped.encode() if isinstance(piped, str) else piped
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        ended = self.cli.run("secret", *arguments)
        assert VALUE not in ended.out + ended.err
        return ended

    @property
    def trail(self) -> list[str]:
        """Subjects and trailers of the commits after the first, newest first."""
        log = self.cli.repository.git("log", "--format=%s | %(trailers:key=Molthub-Secret,valueonly)", "main~1..main")
        return [line.strip() for line in log.splitlines() if line.strip()]

    def manifest(self) -> str:
        return (self.cli.repository.path / MANIFEST).read_text()


@pytest.fixture
def desk(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(cli, monkeypatch)


def test_set_makes_a_secret_where_the_manifest_says(desk: Desk) -> None:
    ended = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert ended.code == 0, ended.err
    assert ended.out == "acme/prod/support-bot#telegram is set (version version-)\n"
    assert json.loads(desk.store.values[BOT]) == {"telegram": VALUE}
    assert desk.store.records[BOT].tags == {**OURS, "molthub:instance": "support-bot"}
    assert desk.trail == [
        "Set the secret TELEGRAM_BOT_TOKEN of acme/prod/support-bot | set acme/prod/support-bot#telegram"
    ]
    assert "Used by acme/prod/support-bot. What runs of that is rolled out anew" in ended.err
    assert desk.cli.repository.git("status", "--porcelain") == ""


def test_set_adds_what_the_manifest_lacks_and_keeps_its_comments(desk: Desk) -> None:
    path = desk.cli.repository.path / MANIFEST
    path.write_text("# the bot of the support team\n" + path.read_text())
    desk.cli.repository.commit()
    before = desk.manifest()
    ended = desk.run("set", "support-bot", "GITHUB_TOKEN")
    assert ended.code == 0, ended.err
    added = [line for line in desk.manifest().splitlines() if line not in before.splitlines()]
    assert added == ["  - name: GITHUB_TOKEN", '    key: "acme/prod/support-bot#githubToken"']
    assert desk.manifest().startswith("# the bot of the support team\n")
    assert desk.cli.repository.git("show", "--name-only", "--format=", "HEAD") == MANIFEST
    assert desk.cli.run("validate").code == 0


def test_set_gives_a_manifest_what_makes_it_valid(desk: Desk) -> None:
    """Two references without an entry: the manifest is Invalid until both are set."""
    bare = {"secrets": [], "channels": {"telegram": {"botToken": {"secret": "TELEGRAM_BOT_TOKEN"}}}}
    desk.cli.repository.commit(instance_dict(spec=bare))
    assert desk.cli.run("validate").code == 1
    assert (
        desk.run("set", "acme/prod/support-bot", "ANTHROPIC_API_KEY", "--path", "acme/prod/model#anthropic").code == 0
    )
    assert desk.cli.run("validate").code == 1
    assert desk.run("set", "acme/prod/support-bot", "TELEGRAM_BOT_TOKEN").code == 0
    assert desk.cli.run("validate").code == 0
    assert desk.store.values.keys() == {MODEL, BOT}


def test_set_for_a_manifest_that_cannot_be_read_says_where(desk: Desk) -> None:
    path = desk.cli.repository.path / MANIFEST
    path.write_text(path.read_text() + "  broken: [\n")
    desk.cli.repository.commit()
    ended = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert ended.code == 1
    assert f"{MANIFEST}:23:1: error: MH-YAML-003 a `[` is opened and not closed properly" in ended.err
    assert "MH-SCRT-010" not in ended.err
    assert desk.run("rotate", "other-bot", "X").err.startswith("error: MH-SCRT-010 there is no instance other-bot")
    path.with_name("nameless.yaml").write_text("apiVersion: molthub/v1\nkind: MoltbotInstance\nmetadata: [\n")
    desk.cli.repository.commit()
    other = desk.run("rotate", "other-bot", "X").err
    assert other.startswith("instances/acme/prod/nameless.yaml:3:1: error: MH-YAML-003"), "any name may be in there"
    assert "error: MH-SCRT-010 there is no instance other-bot in this fleet" in other


def test_set_changes_one_key_of_a_json_secret(desk: Desk) -> None:
    desk.store.hold(BOT, '{"slackBot":"old","telegram":"old"}')
    assert desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN").code == 0
    assert json.loads(desk.store.values[BOT]) == {"slackBot": "old", "telegram": VALUE}
    again = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert again.out == "acme/prod/support-bot#telegram holds this value already\n"
    assert len(desk.trail) == 1


def test_set_does_not_undo_what_somebody_else_set_meanwhile(desk: Desk) -> None:
    desk.store.hold(BOT, '{"telegram":"old"}')
    desk.store.before_put = lambda: desk.store.hold(BOT, '{"telegram":"theirs"}')
    ended = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert ended.code == 3
    assert "MH-SCRT-005" in ended.err
    assert desk.store.values[BOT] == '{"telegram":"theirs"}'
    assert desk.cli.repository.git("rev-list", "--count", "HEAD") == "1"


def test_set_takes_a_deleted_secret_back(desk: Desk) -> None:
    desk.store.hold(BOT, "{}")
    desk.store.delete(BOT, recovery_days=7)
    ended = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert ended.code == 0
    assert "acme/prod/support-bot was waiting for its deletion; it is restored." in ended.err
    assert json.loads(desk.store.values[BOT]) == {"telegram": VALUE}


def test_set_a_shared_secret_by_its_path(desk: Desk) -> None:
    ended = desk.run(
        "set", "--environment", "acme/prod", "--path", "acme/prod/model#anthropic", "--kms-key", "alias/own"
    )
    assert ended.code == 0, ended.err
    assert desk.store.records[MODEL].tags == OURS
    assert desk.store.records[MODEL].kms_key == "alias/own"
    assert desk.trail == ["Set the secret acme/prod/model#anthropic | set acme/prod/model#anthropic"]
    assert "Used by acme/prod/support-bot" in ended.err


OWN_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-4000-8000-1234567890ab"


def bootstrapped(desk: Desk) -> FakeProvider:
    """The environment's provider, which sees a foundation with a key of its own."""
    desk.cli.run("plan")
    prod = desk.cli.cloud.prod
    prod.foundation = Foundation(
        "molthub-acme-prod", "vpc-1", ("subnet-1",), stack="molthub-acme-prod", kms_key=OWN_KEY
    )
    return prod


def test_a_new_secret_is_under_the_environments_own_key(desk: Desk) -> None:
    bootstrapped(desk)
    assert desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN").code == 0
    assert desk.store.records[BOT].kms_key == OWN_KEY
    assert (
        desk.run("set", "support-bot", "GITHUB_TOKEN", "--path", "acme/prod/git", "--kms-key", "arn:k:key/2").code == 0
    )
    assert desk.store.records["acme/prod/git"].kms_key == "arn:k:key/2", "what is said goes before"


def test_a_secret_that_is_there_keeps_its_key(desk: Desk) -> None:
    bootstrapped(desk)
    for key in (None, "arn:aws:kms:eu-west-1:123456789012:key/2"):
        desk.store.hold(BOT, '{"telegram":"old"}', kms_key=key)
        assert desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN").code == 0
        assert desk.store.records[BOT].kms_key == key


def test_without_a_foundation_a_new_secret_is_under_awss_own_key(desk: Desk) -> None:
    assert desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN").code == 0
    assert desk.store.records[BOT].kms_key is None


def test_a_key_that_cannot_be_told_makes_no_secret(desk: Desk) -> None:
    bootstrapped(desk).failures = [ReadFailure(None, "MH-AWS-003", "AWS denies cloudformation:DescribeStacks")]
    ended = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert ended.code == 1
    assert "MH-AWS-003 the environment's own key cannot be told: AWS denies cloudformation:DescribeStacks" in ended.err
    assert desk.store.values == {}
    aws_own = "alias/aws/secretsmanager"
    assert desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN", "--kms-key", aws_own).code == 0
    assert desk.store.records[BOT].kms_key == aws_own


def test_a_secret_under_an_alias_is_not_linked(desk: Desk) -> None:
    desk.store.hold("acme/prod/other", "{}", kms_key="arn:aws:kms:eu-west-1:123456789012:alias/own")
    ended = desk.run("link", "support-bot", "NEW", "acme/prod/other")
    assert ended.code == 1
    assert "MH-SCRT-015 the secret acme/prod/other is encrypted under an alias" in ended.err


def test_a_value_from_a_file(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbf" + VALUE.encode() + b"\r\n")
    assert (
        desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN", "--from-file", str(tmp_path / "token"), piped="").code == 0
    )
    assert json.loads(desk.store.values[BOT]) == {"telegram": VALUE}


NO_VALUES = [
    (b"", "it is empty"),
    (b" \n", "it is empty"),
    (b"\xff\xfe", "it is not text"),
    (b"a\0b", "it is not text"),
    (b"x" * 65_537, "it is longer than 65536 bytes"),
]


def test_what_is_no_value(desk: Desk) -> None:
    for piped, why in NO_VALUES:
        ended = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN", piped=piped)
        assert ended.code == 1
        assert f"error: MH-SCRT-011 the value is not taken: {why}\n" in ended.err
    assert desk.store.values == {}


def test_a_value_that_is_given_as_an_argument_is_not_repeated(desk: Desk) -> None:
    for verb in ("set", "rotate"):
        ended = desk.run(verb, "support-bot", "TELEGRAM_BOT_TOKEN", VALUE)
        assert ended.code == 2
        assert "a value is no argument" in " ".join(ended.err.split())
    assert desk.store.values == {}


def test_there_is_nothing_to_read_a_value_from(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    ended = desk.cli.run("secret", "set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert "error: MH-SCRT-011 the value is not taken: there is nothing to read it from\n" in ended.err


def test_a_new_key_leaves_its_trail_though_the_value_is_the_same(desk: Desk) -> None:
    desk.store.hold(BOT, json.dumps({"telegram": VALUE}))
    made = desk.cli.repository.git("rev-list", "--count", "HEAD")
    assert desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN").code == 0
    assert desk.cli.repository.git("rev-list", "--count", "HEAD") == made
    assert desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN", "--kms-key", "alias/own").code == 0
    assert len(desk.trail) == 1


REFUSED = [
    (["set", "support-bot", "lower"], 1, "MH-SCRT-001 'lower' is no name of an environment variable"),
    (["set", "support-bot", "TELEGRAM_BOT_TOKEN", "--path", "x#y"], 1, "MH-SCRT-002 the manifest of"),
    (["set", "support-bot", "NEW", "--path", "acme/my-agents"], 1, "cannot be told from an ARN"),
    (["set", "--environment", "acme/dev", "--path", "x"], 1, "MH-SCRT-003 there is no environment acme/dev"),
    (["set", "suport-bot", "NEW"], 1, "fix: Did you mean acme/prod/support-bot?"),
    (["set", "--environment", "acme/prod", "--path", "acme/prod/model"], 1, "MH-SCRT-018 acme/prod/model is a JSON"),
    (["set", "support-bot"], 2, "say INSTANCE NAME, or --environment"),
    (["set", "--environment", "acme", "--path", "x"], 2, "'acme' is not WORKSPACE/NAME"),
    (["rotate", "support-bot", "TELEGRAM_BOT_TOKEN"], 1, "MH-SCRT-014 the secret acme/prod/support-bot does not exist"),
    (["rotate", "support-bot", "NEW"], 1, "MH-SCRT-014 the manifest of acme/prod/support-bot has no secret NEW"),
    (["rotate", "support-bot", "--gateway"], 1, "fix: Apply the instance first"),
    (["rotate", "--environment", "acme/prod", "--path", "acme/prod/model"], 1, "MH-SCRT-018 acme/prod/model is a JSON"),
    (["rotate", "--gateway"], 2, "say whose gateway token"),
    (["link", "support-bot", "NEW", "acme/prod/other#x"], 1, "MH-SCRT-015 the secret acme/prod/other does not exist"),
    (["delete", "acme/prod/x", "--environment", "acme/prod"], 1, "MH-SCRT-014 the secret acme/prod/x does not exist"),
]


def test_what_is_refused_before_anything_is_done(desk: Desk) -> None:
    for arguments, code, said in REFUSED:
        ended = desk.run(*arguments)
        assert ended.code == code, (arguments, ended.err)
        assert said in ended.err, arguments
    assert desk.store.values == {}
    assert desk.cli.repository.git("rev-list", "--count", "HEAD") == "1"


def test_another_fleets_secret_is_left_alone(desk: Desk) -> None:
    desk.store.hold(BOT, "{}", tags={"molthub:fleet": "others"})
    ended = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert "MH-SCRT-004 the secret acme/prod/support-bot belongs to the fleet others" in ended.err
    assert desk.store.values[BOT] == "{}"


def test_a_secret_that_is_no_json_has_no_keys(desk: Desk) -> None:
    desk.store.hold(BOT, "hunter" + "2")
    ended = desk.run("set", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert "MH-SCRT-006 the secret acme/prod/support-bot holds no JSON object, so it has no keys" in ended.err
    assert "hunter" not in ended.err


def test_nothing_is_done_when_its_trail_could_not_be_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.cli.repository.path / MANIFEST
    path.write_text(path.read_text() + "# mine\n")
    ended = desk.run("set", "support-bot", "NEW")
    assert f"MH-ACT-011 {MANIFEST} has uncommitted changes" in ended.err
    assert "fix: Commit or undo them first, or say --no-commit\n" in ended.err
    desk.cli.repository.git("reset", "--quiet", "--hard")
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    assert "MH-GIT-026 Git does not know who you are" in desk.run("set", "support-bot", "NEW").err
    assert desk.store.values == {}


def test_without_a_commit_the_edit_is_left_to_the_person(desk: Desk) -> None:
    ended = desk.run("set", "support-bot", "NEW", "--no-commit")
    assert ended.code == 0
    assert f"Edited {MANIFEST}; commit it to make it count." in ended.err
    assert "Not committed (--no-commit), so the history does not tell of it." in ended.err
    assert desk.cli.repository.git("status", "--porcelain") == f"M {MANIFEST}"


def test_a_bare_repository_cannot_take_a_trail(desk: Desk, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", desk.cli.repository.path, bare], check=True)
    arguments = ["support-bot", "TELEGRAM_BOT_TOKEN", "--repo", str(bare)]
    assert "MH-CLI-020 nothing can be committed in" in desk.run("set", *arguments).err
    assert desk.run("set", *arguments, "--no-commit").code == 0
    assert "MH-SCRT-013" in desk.run("set", "support-bot", "NEW", "--repo", str(bare), "--no-commit").err


def test_rotate_replaces_what_is_there(desk: Desk) -> None:
    desk.store.hold(BOT, '{"telegram":"old"}')
    ended = desk.run("rotate", "support-bot", "TELEGRAM_BOT_TOKEN")
    assert (ended.code, ended.out) == (0, "acme/prod/support-bot#telegram is rotated (version version-)\n")
    assert json.loads(desk.store.values[BOT]) == {"telegram": VALUE}
    assert desk.trail[0].endswith("| rotate acme/prod/support-bot#telegram")
    assert desk.run("rotate", "support-bot", "TELEGRAM_BOT_TOKEN", "--generate", piped="").code == 0
    made = json.loads(desk.store.values[BOT])["telegram"]
    assert len(made) == 43


def test_rotate_the_gateways_token(desk: Desk) -> None:
    gateway = next(row["secret"] for row in _listed(desk) if "(gateway token)" in row["names"])
    desk.store.hold(gateway, "old", tags=OURS)
    ended = desk.run("rotate", "support-bot", "--gateway", piped="")
    assert ended.code == 0, ended.err
    assert len(desk.store.values[gateway]) == 43
    assert desk.store.values[gateway] not in ended.out + ended.err
    assert desk.trail[0].startswith("Rotate the secret gateway token of acme/prod/support-bot")


def test_link_points_the_manifest_at_a_secret(desk: Desk) -> None:
    desk.store.hold("shared/telegram", '{"token":"x"}')
    ended = desk.run("link", "support-bot", "TELEGRAM_BOT_TOKEN", "shared/telegram#token")
    assert ended.code == 0, ended.err
    assert "key: shared/telegram#token" in desk.manifest()
    assert desk.trail == ["Link the secret TELEGRAM_BOT_TOKEN of acme/prod/support-bot | link shared/telegram#token"]
    again = desk.run("link", "support-bot", "TELEGRAM_BOT_TOKEN", "shared/telegram#token")
    assert again.out == "TELEGRAM_BOT_TOKEN of acme/prod/support-bot is linked to shared/telegram#token already\n"


def test_link_looks_before_it_writes(desk: Desk) -> None:
    desk.store.hold("shared/telegram", '{"token":"x"}')
    before = desk.manifest()
    assert "MH-SCRT-007 the secret shared/telegram has no JSON key tokn" in (
        desk.run("link", "support-bot", "NEW", "shared/telegram#tokn").err
    )
    far = "arn:aws:secretsmanager:eu-west-1:999999999999:secret:far-AbCdEf"
    desk.store.hold("far", "x", arn=far)
    assert "which no other account can use" in desk.run("link", "support-bot", "NEW", far).err
    desk.store.delete("shared/telegram", recovery_days=7)
    assert (
        "waits for its deletion until 2027-01-09" in desk.run("link", "support-bot", "NEW", "shared/telegram#token").err
    )
    assert desk.manifest() == before


def test_link_without_the_right_to_read(desk: Desk) -> None:
    desk.store.hold("shared/telegram", '{"token":"x"}')
    desk.store.unreadable = StallingError("MH-AWS-003", "AWS denies secretsmanager:GetSecretValue")
    ended = desk.run("link", "support-bot", "NEW", "shared/telegram#token")
    assert ended.code == 0
    assert "Not checked whether it holds a value: AWS denies secretsmanager:GetSecretValue" in ended.err


def _listed(desk: Desk, *arguments: str) -> list[dict[str, object]]:
    ended = desk.run("list", "-o", "json", *arguments)
    assert ended.code == 0, ended.err
    found: list[dict[str, object]] = json.loads(ended.out)["secrets"]
    return found


def test_list_tells_everything_but_values(desk: Desk) -> None:
    desk.store.hold(BOT, '{"telegram":"t0psecret"}')
    desk.store.hold("acme/prod/left", "t0psecret", tags=OURS)
    desk.store.delete("acme/prod/left", recovery_days=7)
    rows = {(row["secret"], row["jsonKey"]): row for row in _listed(desk)}
    assert rows[BOT, "telegram"]["state"] == "present"
    assert rows[BOT, "telegram"]["usedBy"] == ["acme/prod/support-bot"]
    assert rows[BOT, "telegram"]["names"] == ["TELEGRAM_BOT_TOKEN"]
    assert rows[MODEL, "anthropic"]["state"] == "missing"
    assert rows["acme/prod/left", None]["state"] == "deleted"
    assert rows["acme/prod/left", None]["usedBy"] == []
    shown = desk.run("list")
    assert "t0psecret" not in shown.out
    assert [line.split()[0] for line in shown.out.splitlines()][:3] == [
        "SECRET",
        "acme/prod/left",
        "acme/prod/model#anthropic",
    ]
    assert "scheduled for deletion (2027-01-09)" in shown.out
    assert "acme/prod/left" not in {row["secret"] for row in _listed(desk, "support-bot")}


def test_delete_is_refused_while_anybody_uses_it(desk: Desk) -> None:
    desk.store.hold(BOT, '{"telegram":"x","old":"y"}', tags=OURS)
    where = ["--environment", "acme/prod", "--auto-approve"]
    ended = desk.run("delete", BOT, *where)
    assert (
        "MH-SCRT-017 the secret acme/prod/support-bot is used by acme/prod/support-bot (TELEGRAM_BOT_TOKEN)"
        in ended.err
    )
    assert desk.run("delete", f"{BOT}#telegram", *where).code == 1
    assert desk.run("delete", f"{BOT}#old", *where).code == 0
    assert desk.store.values[BOT] == '{"telegram":"x"}'


def test_delete_waits_for_what_still_runs(desk: Desk) -> None:
    desk.store.hold(BOT, '{"telegram":"x"}', tags=OURS)
    assert desk.cli.run("apply", "--auto-approve").code == 0
    without = {"channels": REMOVED, "secrets": [{"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"}]}
    desk.cli.repository.commit(instance_dict(spec=without))
    where = ["--environment", "acme/prod"]
    ended = desk.run("delete", BOT, *where, "--auto-approve")
    assert "is still given to what runs as acme/prod/support-bot" in ended.err
    assert desk.cli.run("apply", "--auto-approve").code == 0
    assert "MH-CLI-004 nobody can be asked" in desk.run("delete", BOT, *where).err
    ended = desk.run("delete", BOT, *where, "--auto-approve", "--recovery-days", "7")
    assert ended.out == (
        "acme/prod/support-bot is scheduled for deletion on 2027-01-09; `molthub secret set` takes it back\n"
    )
    assert desk.trail[0] == "Delete the secret acme/prod/support-bot | delete acme/prod/support-bot"


def test_another_environment_of_the_account_uses_it_too(desk: Desk) -> None:
    desk.store.hold(BOT, '{"telegram":"x"}', tags=OURS)
    model = [{"name": "ANTHROPIC_API_KEY", "key": f"{MODEL}#anthropic"}]
    without = {"channels": REMOVED, "secrets": model}
    token = {"name": "TELEGRAM_BOT_TOKEN", "key": f"{BOT}#telegram"}
    dev = {"name": "dev-bot", "environment": "dev"}
    desk.cli.repository.commit(
        instance_dict(spec=without),
        instance_dict(metadata=dev, spec={"secrets": [*model, token]}),
    )
    where = ["--environment", "acme/prod"]
    ended = desk.run("delete", BOT, *where, "--auto-approve")
    assert f"MH-SCRT-017 the secret {BOT} is used by acme/dev/dev-bot (TELEGRAM_BOT_TOKEN)" in ended.err
    assert "MH-SCRT-018" in desk.run("rotate", *where, "--path", BOT).err
    assert "Used by acme/dev/dev-bot. " in desk.run("set", *where, "--path", f"{BOT}#telegram").err
    found = {row["environment"]: row for row in _listed(desk) if row["secret"] == BOT}
    assert (found["acme/prod"]["jsonKey"], found["acme/prod"]["usedBy"]) == (None, ["acme/dev/dev-bot"])
    assert desk.cli.run("apply", "--auto-approve").code == 0
    desk.cli.repository.commit(instance_dict(metadata=dev, spec=without))
    ended = desk.run("delete", BOT, *where, "--auto-approve")
    assert f"the secret {BOT} is still given to what runs as acme/dev/dev-bot" in ended.err


def test_another_accounts_secret_of_the_name_is_another_secret(desk: Desk) -> None:
    desk.store.hold("acme/old", '{"telegram":"x"}', tags=OURS)
    desk.cli.repository.commit(
        environment_dict(metadata={"name": "dev"}, spec={"aws": {"accountId": "999999999999"}}),
        instance_dict(
            metadata={"name": "dev-bot", "environment": "dev"},
            spec={"channels": REMOVED, "secrets": [{"name": "ANTHROPIC_API_KEY", "key": "acme/old#anthropic"}]},
        ),
    )
    assert desk.run("delete", "acme/old", "--environment", "acme/prod", "--auto-approve").code == 0


def test_delete_is_only_for_what_this_fleet_made(desk: Desk) -> None:
    desk.store.hold("by/hand", "x")
    ended = desk.run("delete", "by/hand", "--environment", "acme/prod", "--auto-approve")
    assert "MH-SCRT-016 the secret by/hand was not made by this fleet" in ended.err


def test_a_name_that_looks_like_an_arn_is_not_made_up(desk: Desk) -> None:
    desk.cli.repository.commit(instance_dict(metadata={"name": "our-agents"}))
    assert desk.run("set", "our-agents", "NEW").code == 0
    assert "acme/prod/our-agents/secrets" in desk.store.values
