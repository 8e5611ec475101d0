"""`molthub create` and `template import`: one commit each, secrets into the store before it, and nothing half done."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from molthub.cli.context import read_fleet
from molthub.cli.terminal import Terminal
from molthub.cli.wizard import ask_secrets
from molthub.errors import StallingError, TransientError
from molthub.pipeline.actions.create import Wanted, secrets_of
from tests.builders import environment_dict, instance_dict, template_dict, to_yaml
from tests.fakes.cli import Cli, Result
from tests.fakes.secret_store import FakeSecretStore

VALUE = "123456" + ":not-a-real-token"
PATH = "instances/acme/prod/help-bot.yaml"
PLACE = "acme/prod/help-bot"
WANTED = ("create", "help-bot", "--template", "telegram-bot", "--environment", "acme/prod")


class Desk:
    """A person in a clone of a bare repository, with a secret store."""

    def __init__(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.cli, self.store, self._monkeypatch = cli, FakeSecretStore(), monkeypatch
        cli.roots = replace(cli.roots, secrets=self.store.factory)
        for name, value in (("NAME", "Ana"), ("EMAIL", "ana@example.com")):
            monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
            monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
        cli.repository.commit(instance_dict(), environment_dict())
        self.origin = folder / "origin.git"
        cli.repository.git("clone", "--quiet", "--bare", ".", str(self.origin))
        cli.repository.git("remote", "add", "origin", str(self.origin))
        cli.repository.git("fetch", "--quiet", "origin")
        cli.repository.git("branch", "--quiet", "--set-upstream-to=origin/main")

    def run(self, *arguments: str, piped: str = "") -> Result:
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped.encode())))
        ended = self.cli.run(*arguments)
        assert VALUE not in ended.out + ended.err
        return ended

    def pushed(self) -> list[str]:
        """Subjects of origin's commits after the first, newest first."""
        log = self.cli.repository.git("--git-dir", str(self.origin), "log", "--format=%s", "main")
        return log.splitlines()[:-1]

    def message(self) -> str:
        return self.cli.repository.git("--git-dir", str(self.origin), "log", "-1", "--format=%B", "main")

    def file(self, path: str = PATH) -> Path:
        return self.cli.repository.path / path


@pytest.fixture
def desk(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    return Desk(cli, monkeypatch, tmp_path)


def test_an_instance_is_one_commit_and_its_secrets_are_stored_before(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(VALUE + "\n")
    options = ("--secret", f"TELEGRAM_BOT_TOKEN=@{tmp_path}/token", "--secret", "MODEL_API_KEY=-")
    ended = desk.run(*WANTED, *options, "--set", "cpu=2048", "--set", "memory=4096", "--label", "team=x", piped=VALUE)
    assert ended.code == 0, ended.err
    assert desk.pushed() == ["Create acme/prod/help-bot from the template telegram-bot"]
    assert desk.message().splitlines()[2:] == [
        "Molthub-Action: create",
        "Molthub-Instance: acme/prod/help-bot",
        "Molthub-Template: telegram-bot",
        f"Molthub-Secret: set {PLACE}#telegramBotToken, {PLACE}#modelApiKey",
    ]
    assert json.loads(desk.store.values[PLACE]) == {"telegramBotToken": VALUE, "modelApiKey": VALUE}
    assert desk.store.records[PLACE].tags["molthub:instance"] == "help-bot"
    text = desk.file().read_text()
    assert text.splitlines()[:2] == [
        "# Telegram bot, made from the template telegram-bot (built in).",
        "# Chosen: cpu=2048, memory=4096. The rest is the template's default.",
    ]
    assert yaml.safe_load(text)["metadata"] == {
        "id": "help-bot",
        "name": "help-bot",
        "workspace": "acme",
        "environment": "prod",
        "labels": {"team": "x"},
    }
    assert desk.cli.repository.git("status", "--porcelain") == ""
    assert desk.cli.run("validate", "--strict").code == 0
    assert "  molthub wait acme/prod/help-bot --for healthy\n" in ended.err
    assert "molthub secret set" not in ended.err


def test_the_same_again_is_no_commit_and_another_is_one_clear_error(desk: Desk) -> None:
    assert desk.run(*WANTED).code == 0
    again = desk.run(*WANTED)
    assert (again.code, again.out) == (0, "Nothing to do: it is so already.\n")
    other = desk.run(*WANTED, "--set", "cpu=2048")
    assert other.code == 1
    assert other.err.splitlines() == [
        f"error: MH-TMPL-017 acme/prod/help-bot is there already ({PATH}), and not as it would be made now",
        "    fix: Change it where it is with `molthub edit acme/prod/help-bot`, or choose another name",
    ]
    assert len(desk.pushed()) == 1


def test_secrets_left_out_are_named_as_the_next_step(desk: Desk) -> None:
    ended = desk.run(*WANTED, "--secret", "MODEL_API_KEY=generate", "-o", "json")
    assert ended.code == 0, ended.err
    data = json.loads(ended.out)
    assert (data["action"], data["status"]) == ("create", "committed")
    assert (data["secretsStored"], data["secretsToSet"]) == (["MODEL_API_KEY"], ["TELEGRAM_BOT_TOKEN"])
    assert len(json.loads(desk.store.values[PLACE])["modelApiKey"]) == 43
    later = desk.run(*WANTED, "--secret", "TELEGRAM_BOT_TOKEN=-", piped=VALUE)
    assert later.code == 0, later.err
    assert desk.pushed()[0] == "Set secrets of acme/prod/help-bot"
    assert f"Molthub-Secret: set {PLACE}#telegramBotToken" in desk.message()
    again = desk.run(*WANTED, "--secret", "TELEGRAM_BOT_TOKEN=-", piped=VALUE)
    assert (again.out, len(desk.pushed())) == ("Nothing to do: it is so already.\n", 2)


def test_a_store_that_fails_leaves_no_commit_and_the_same_again_goes_on(desk: Desk) -> None:
    def interrupted() -> None:
        raise TransientError("MH-AWS-004", "AWS does not answer")

    desk.store.before_put = interrupted
    options = ("--secret", "MODEL_API_KEY=generate", "--secret", "TELEGRAM_BOT_TOKEN=-")
    ended = desk.run(*WANTED, *options, piped=VALUE)
    assert ended.code == 3
    assert "Stored already: MODEL_API_KEY. Run the same command again; what is there is kept.\n" in ended.err
    assert (desk.pushed(), desk.file().exists()) == ([], False)
    desk.store.before_put = None
    assert desk.run(*WANTED, *options[2:], piped=VALUE).code == 0
    assert json.loads(desk.store.values[PLACE]).keys() == {"modelApiKey", "telegramBotToken"}
    assert len(desk.pushed()) == 1


def test_what_cannot_be_refuses_before_anything_is_stored(desk: Desk) -> None:
    secret = ("--secret", "TELEGRAM_BOT_TOKEN=-")
    for options, ref in (
        (["--set", "cpu=4096"], "MH-SIZE-001"),
        (["--set", "modle=x"], "MH-TMPL-001"),
        (["--set", "telegramBotToken=acme/prod/support-bot#telegram"], "MH-TMPL-019"),
        (["--secret", "SLACK=generate"], "MH-TMPL-018"),
        (["--label", "aws:x=y"], "MH-MAN-017"),
        (["--id", "support-bot"], "MH-FLEET-00"),
        (["--dry-run"], ""),
    ):
        ended = desk.run(*WANTED, *secret, *options, piped=VALUE)
        assert (ended.code, ref in ended.err) == (0 if not ref else 1, True), ended.err
        assert (desk.pushed(), desk.store.values, desk.file().exists()) == ([], {}, False)
    elsewhere = desk.run(*WANTED[:-1], "acme/prdo")
    assert "MH-FLEET-003 there is no environment acme/prdo\n    fix: Did you mean acme/prod?" in elsewhere.err
    webhook = desk.run("create", "x", "--template", "webhook-bot", "--environment", "acme/prod")
    assert "MH-FLEET-010" in webhook.err


def test_no_value_is_taken_as_an_argument_or_repeated(desk: Desk) -> None:
    for text in (f"TELEGRAM_BOT_TOKEN={VALUE}", VALUE, "@"):
        ended = desk.run(*WANTED, "--secret", text)
        assert (ended.code, "MH-TMPL-010" in ended.err) == (1, True)


def test_a_model_key_may_be_shared(desk: Desk) -> None:
    ended = desk.run(*WANTED, "--set", "modelApiKey=acme/prod/model#anthropic")
    assert ended.code == 0, ended.err
    assert "molthub secret set acme/prod/help-bot TELEGRAM_BOT_TOKEN" in ended.err
    assert "MODEL_API_KEY\n" not in ended.err, "the others' value is there"


def test_a_script_must_say_it_all(desk: Desk) -> None:
    ended = desk.run("create", "help-bot")
    assert ended.code == 1
    assert "MH-TMPL-020 --template, --environment must be given, for nobody can be asked" in ended.err
    ended = desk.run("create", "help-bot", "--template", "slack-bot", "--environment", "acme/prod")
    assert "MH-TMPL-002 the template slack-bot needs a value for `image`" in ended.err


def test_a_store_that_cannot_be_asked_ends_the_questions(desk: Desk) -> None:
    """On a terminal: a value that could not be stored need not be typed. Nothing is asked here, or it would fail."""

    def denied(_location: object) -> FakeSecretStore:
        raise StallingError("MH-AWS-001", "no AWS credentials were found")

    said = io.StringIO()
    term = Terminal(said, said, colour_out=False, colour_err=False, interactive=True)
    roots = replace(desk.cli.roots, secrets=lambda: denied)
    fleet = read_fleet(roots, repo=None, ref=None).checked
    needs = secrets_of(fleet, Wanted("help-bot", "acme/prod", "telegram-bot"))
    assert [item.variable for item in needs] == ["MODEL_API_KEY", "TELEGRAM_BOT_TOKEN"]
    assert ask_secrets(needs, "acme-bots", roots, term, have=frozenset()) == {}
    assert said.getvalue() == (
        "The secret store cannot be asked, so values are set later: no AWS credentials were found\n"
    )


def test_the_fleets_own_template_and_a_proposal(desk: Desk) -> None:
    own = to_yaml(template_dict(metadata={"name": "telegram-bot", "title": "Ours"}))
    imported = desk.run("template", "import", "-", piped=own.decode())
    assert imported.code == 0, imported.err
    assert desk.pushed() == ["Add the template telegram-bot"]
    assert "Molthub-Action: template-import" in desk.message()
    assert desk.file("templates/telegram-bot.yaml").read_bytes() == own
    ended = desk.run(*WANTED, "--branch", "proposal")
    assert ended.code == 0, ended.err
    assert len(desk.pushed()) == 1
    proposed = desk.cli.repository.git("--git-dir", str(desk.origin), "show", f"proposal:{PATH}")
    assert proposed.startswith("# Ours, made from the template telegram-bot (templates/telegram-bot.yaml).")


def test_an_import_is_checked_and_replaces_only_when_told(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "bot.yaml"
    file.write_bytes(to_yaml(template_dict(spec={"parameters": []})))
    assert "MH-TMPL-001" in desk.run("template", "import", str(file)).err
    parameters = template_dict()["spec"]["parameters"]
    file.write_bytes(to_yaml(template_dict(spec={"parameters": [{**parameters[0], "default": 1000}, *parameters[1:]]})))
    guarded = desk.run("template", "import", str(file))
    assert guarded.code == 1
    assert guarded.err.startswith("templates/chat-bot.yaml:")
    assert "MH-SIZE-001" in guarded.err
    file.write_bytes(to_yaml(template_dict()))
    assert desk.run("template", "import", str(file)).code == 0
    assert desk.run("template", "import", str(file)).out == "Nothing to do: it is so already.\n"
    file.write_bytes(to_yaml(template_dict(metadata={"title": "Another"})))
    assert "MH-TMPL-015 the fleet has another template chat-bot in templates/chat-bot.yaml" in (
        desk.run("template", "import", str(file)).err
    )
    assert desk.run("template", "import", str(file), "--replace").code == 0
    assert desk.pushed() == ["Replace the template chat-bot", "Add the template chat-bot"]
