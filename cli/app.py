"""The command tree: every name, what runs it, and its examples. sections.py has the order of `molthub --help`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from molthub.cli.commands import (
    abort,
    apply,
    audit,
    backup,
    blame,
    bootstrap,
    completion,
    create,
    delete,
    demo,
    diff,
    doctor,
    drift,
    edit,
    events,
    explain,
    history,
    init,
    label,
    logs,
    pause,
    plan,
    propose,
    reconcile,
    rename,
    render,
    restart,
    restore,
    resume,
    retry,
    rollback,
    schema,
    simulator,
    status,
    validate,
    version,
    wait,
)
from molthub.cli.commands import set as set_
from molthub.cli.commands.access import check as access_check
from molthub.cli.commands.access import explain as access_explain
from molthub.cli.commands.controller import notify_test as controller_notify_test
from molthub.cli.commands.controller import run as controller_run
from molthub.cli.commands.db import current as db_current
from molthub.cli.commands.db import upgrade as db_upgrade
from molthub.cli.commands.image import set as image_set
from molthub.cli.commands.secret import delete as secret_delete
from molthub.cli.commands.secret import link as secret_link
from molthub.cli.commands.secret import list as secret_list
from molthub.cli.commands.secret import rotate as secret_rotate
from molthub.cli.commands.secret import set as secret_set
from molthub.cli.commands.template import export as template_export
from molthub.cli.commands.template import import_ as template_import
from molthub.cli.commands.template import list as template_list
from molthub.cli.commands.template import render as template_render
from molthub.cli.commands.template import show as template_show
from molthub.cli.commands.webhook import sign as webhook_sign
from molthub.cli.commands.webhook import test as webhook_test
from molthub.cli.commands.webhook import url as webhook_url
from molthub.cli.options import examples
from molthub.cli.sections import Sections

HELP = """Run a fleet of Moltbots on AWS from manifests in a Git repository.

Commits are the changes: edit a manifest, look at `molthub plan`, commit, and let the controller (or
`molthub apply`) make it so.
"""

CONTEXT = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="molthub",
    cls=Sections,
    help=HELP,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings=CONTEXT,
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage (or changes, with --detailed-exitcode), 3 try again later, "
    "70 a bug, 130 interrupted.",
)


@app.callback()
def _root(
    version_: Annotated[bool, typer.Option("--version", "-V", help="Print the version and exit")] = False,
) -> None:
    assert not version_, "main.py answers it before typer is imported; here it is only for the help"


class Command(TyperCommand):
    """typer's, but an argument that has a name of its own is shown without its Python type (`<list[str]>`)."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        for parameter in self.params:
            if parameter.param_type_name == "argument" and parameter.metavar:
                setattr(parameter, "display_type_rich", lambda ctx: None)  # noqa: ARG005, B010 - typer makes the class


class ValueCommand(Command):
    """One that somebody may give a value as an argument: what is too much is not repeated: CI keeps logs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise typer.BadParameter(
                "a value is no argument, for others see those: leave it out to be asked, pipe it in, or name a file"
            )
        return rest


def _add(
    name: str, command: Callable[..., Any], *lines: str, to: typer.Typer = app, cls: type[Command] = Command
) -> None:
    to.command(name, cls=cls, epilog=examples(*lines), context_settings=CONTEXT)(command)


_add(
    "init",
    init.init,
    "molthub init my-fleet",
    "molthub init --fleet acme-bots --workspace acme --environment prod --account 123456789012 \\\n"
    "      --region eu-west-1 --vpc vpc-0a1b --subnet subnet-0a --subnet subnet-0b",
)
_add(
    "validate",
    validate.validate,
    "molthub validate",
    "molthub validate instances/acme/prod/support-bot.yaml",
    "molthub validate --strict -o json .",
    "molthub validate --base origin/main",
    "molthub validate --watch",
)
_add("render", render.render, "molthub render support-bot", "molthub render acme/prod/support-bot --config")
_add(
    "bootstrap",
    bootstrap.bootstrap,
    "molthub bootstrap --print > base.json",
    "molthub bootstrap --environment acme/prod --print-read-only > reader.json",
    "molthub bootstrap --environment acme/prod",
    "molthub bootstrap --environment acme/prod --with-controller \\\n"
    "    --controller-image 123456789012.dkr.ecr.eu-west-1.amazonaws.com/molthub:0.1.0 \\\n"
    "    --controller-repo https://git.example.com/acme/fleet.git",
    "molthub bootstrap --environment acme/dev --destroy",
)
_add(
    "plan",
    plan.plan,
    "molthub plan",
    "molthub plan support-bot --ref HEAD",
    "molthub plan --environment acme/prod --out plan.json",
    "molthub plan --detailed-exitcode -o json",
    "molthub plan --base origin/main -o markdown",
)
_add(
    "apply",
    apply.apply,
    "molthub apply",
    "molthub apply plan.json",
    "molthub apply acme/prod/support-bot --yes",
)
_add(
    "status",
    status.status,
    "molthub status",
    "molthub status -o wide --environment acme/prod",
    "molthub status -l team=support --watch",
    "molthub status --health Degraded --health Missing --sort deployed",
    "molthub status support-bot",
)
_add(
    "create",
    create.create,
    "molthub create",
    "molthub create help-bot --template telegram-bot --environment acme/prod",
    "molthub create help-bot --template slack-bot --environment acme/prod --label team=support \\\n"
    "    --set image=registry.example.com/acme/openclaw-slack:2026.9.6 --secret SLACK_BOT_TOKEN=@bot.txt",
)
_add(
    "set",
    set_.set_fields,
    "molthub set support-bot runtime.cpu=2048 runtime.memory=4096",
    "molthub set support-bot skills.allowlist+=github runtime.env.TZ=Europe/Berlin",
    "molthub set --environment acme/dev observability.logLevel=debug -m 'Looking for the leak' --yes",
    "molthub set support-bot observability.tracing- --branch less-tracing",
)
_add("edit", edit.edit, "molthub edit support-bot", "EDITOR='code --wait' molthub edit acme/prod/support-bot --no-push")
_add(
    "rename",
    rename.rename,
    "molthub rename support-bot help-desk",
    "molthub rename acme/prod/support-bot help-desk -m 'Their new name' -y",
)
_add(
    "delete",
    delete.delete,
    "molthub delete acme/dev/old-bot",
    "molthub delete -l retired=yes --dry-run",
    "molthub delete --environment acme/dev --yes",
)
_add(
    "label",
    label.label,
    "molthub label support-bot team=support",
    "molthub label --environment acme/prod tier=gold old- --yes",
    "molthub label -l team=support on-call=yes --dry-run",
)
_add(
    "propose",
    propose.propose,
    "molthub propose support-bot --patch change.json",
    "molthub propose acme/prod/support-bot --patch - -o json <change.json",
    "molthub propose support-bot --patch change.json --dry-run",
)
_add(
    "pause",
    pause.pause,
    'molthub pause support-bot --reason "holiday" --until 2027-01-07T08:00Z',
    'molthub pause --environment acme/dev --reason "nobody needs it at night" --until 12h --yes',
)
_add("resume", resume.resume, "molthub resume support-bot", "molthub resume -l team=support --yes")
_add(
    "restart",
    restart.restart,
    "molthub restart support-bot",
    "molthub restart --environment acme/prod --yes --at 2026-11-23T10:00Z",
)
_add("retry", retry.retry, 'molthub retry support-bot -m "the provider is back"')
_add("abort", abort.abort, "molthub abort concierge", 'molthub abort concierge -m "it loses messages"')
_add(
    "rollback",
    rollback.rollback,
    "molthub rollback support-bot",
    "molthub rollback support-bot --to 3",
    "molthub rollback -l team=support --to HEAD~1 --yes",
)
_add("reconcile", reconcile.reconcile, "molthub reconcile support-bot", "molthub reconcile --all --yes")
_add(
    "wait",
    wait.wait,
    "molthub wait support-bot",
    "molthub wait support-bot --commit HEAD --timeout 20m",
    "molthub wait -l team=support --for synced",
    "molthub wait acme/prod/old-bot --for deleted",
)
_add(
    "logs",
    logs.logs,
    "molthub logs support-bot",
    "molthub logs support-bot --follow --since 10m",
    "molthub logs support-bot --container init -n 20",
    "molthub logs support-bot --since 2h --filter '{ $.level = \"error\" }' -o json",
    "molthub logs support-bot --link",
)
_add(
    "drift",
    drift.drift,
    "molthub drift",
    "molthub drift --environment acme/prod",
    "molthub drift support-bot -o json",
)
_add("backup", backup.backup, "molthub backup support-bot", "molthub backup acme/prod/support-bot -o json")
_add(
    "restore",
    restore.restore,
    "molthub restore support-bot --list",
    "molthub restore support-bot --from latest",
    "molthub restore support-bot --confirm",
)
_add(
    "events",
    events.events,
    "molthub events support-bot --since 24h",
    "molthub events --type task-stopped --type degraded --environment acme/prod",
    "molthub events --follow",
    "molthub events -o json --limit 1000",
)
_add(
    "history",
    history.history,
    "molthub history support-bot",
    "molthub history acme/prod/support-bot --all --running",
    "molthub history support-bot -o json",
)
_add(
    "diff",
    diff.diff,
    "molthub diff HEAD~1",
    "molthub diff HEAD~1 main --instance support-bot -o unified",
)
_add("blame", blame.blame, "molthub blame support-bot", "molthub blame acme/prod/support-bot -o json")
_add(
    "audit",
    audit.audit,
    "molthub audit --since 7d",
    "molthub audit --instance support-bot --actor ana@example.com",
    "molthub audit --action delete --action pause --limit 0 -o csv > audit.csv",
)
_add("explain", explain.explain, "molthub explain MH-IMG-001", "molthub explain acme/prod/support-bot")

image = typer.Typer(help="Say which image the Moltbots run", no_args_is_help=True, context_settings=CONTEXT)
app.add_typer(image, name="image")
_add(
    "set",
    image_set.set_image,
    "molthub image set concierge ghcr.io/openclaw/openclaw:2026.9.6",
    "molthub image set --environment acme/dev ghcr.io/openclaw/openclaw:2026.9.6 --yes",
    to=image,
)
secret = typer.Typer(help="Set, link, list, rotate and delete secrets", no_args_is_help=True, context_settings=CONTEXT)
app.add_typer(secret, name="secret")
_add(
    "set",
    secret_set.set_secret,
    "molthub secret set support-bot SLACK_BOT_TOKEN",
    "pass show slack/bot | molthub secret set acme/prod/support-bot SLACK_BOT_TOKEN",
    "molthub secret set --environment acme/prod --path acme/prod/model#anthropic --from-file key.txt",
    to=secret,
    cls=ValueCommand,
)
_add(
    "link",
    secret_link.link,
    "molthub secret link support-bot ANTHROPIC_API_KEY acme/prod/model#anthropic",
    to=secret,
)
_add(
    "list",
    secret_list.list_secrets,
    "molthub secret list",
    "molthub secret list support-bot",
    "molthub secret list --environment acme/prod -o json",
    to=secret,
)
_add(
    "rotate",
    secret_rotate.rotate,
    "molthub secret rotate support-bot SLACK_BOT_TOKEN",
    "molthub secret rotate support-bot HOOK_TOKEN --generate",
    "molthub secret rotate support-bot --gateway",
    to=secret,
    cls=ValueCommand,
)
_add(
    "delete",
    secret_delete.delete,
    "molthub secret delete acme/prod/old-bot --environment acme/prod --recovery-days 7",
    "molthub secret delete acme/prod/model#openai --environment acme/prod",
    to=secret,
)

access = typer.Typer(help="Who may change what", no_args_is_help=True, context_settings=CONTEXT)
app.add_typer(access, name="access")
_add(
    "check",
    access_check.check,
    "molthub access check",
    "molthub access check --base origin/main -o json",
    to=access,
)
_add(
    "explain",
    access_explain.explain,
    "molthub access explain",
    "molthub access explain acme/prod/support-bot",
    "molthub access explain --who ana@example.com",
    to=access,
)
template = typer.Typer(help="What instances can be made of", no_args_is_help=True, context_settings=CONTEXT)
app.add_typer(template, name="template")
_add("list", template_list.list_templates, "molthub template list", "molthub template list -o json", to=template)
_add(
    "show",
    template_show.show,
    "molthub template show slack-bot",
    "molthub template show builtin/slack-bot -o json",
    to=template,
)
_add(
    "render",
    template_render.render,
    "molthub template render telegram-bot",
    "molthub template render slack-bot --name help-bot --environment acme/prod \\\n"
    "    --set image=registry.example.com/acme/openclaw-slack:2026.9.6",
    to=template,
)
_add(
    "export",
    template_export.export,
    "molthub template export slack-bot --out slack-bot.yaml",
    "molthub template export --from-instance acme/prod/support-bot --name desk-bot",
    to=template,
)
_add(
    "import",
    template_import.import_template,
    "molthub template import slack-bot.yaml",
    "molthub template export --from-instance support-bot --name desk-bot | molthub template import -",
    to=template,
)

controller = typer.Typer(help="Run the controller", no_args_is_help=True, context_settings=CONTEXT)
app.add_typer(controller, name="controller")
_add(
    "run",
    controller_run.run,
    "molthub controller run --repo https://git.example.com/acme/fleet.git",
    "molthub controller run --once --environment acme/prod",
    to=controller,
)
_add(
    "notify-test",
    controller_notify_test.notify_test,
    "molthub controller notify-test",
    "molthub controller notify-test --notify-url-file slack-url --notify-key-file notify-key",
    to=controller,
)
database = typer.Typer(
    help="Look at the controller's database, and upgrade it", no_args_is_help=True, context_settings=CONTEXT
)
app.add_typer(database, name="db")
_add("current", db_current.current, "molthub db current", "molthub db current -o json", to=database)
_add(
    "upgrade",
    db_upgrade.upgrade,
    "molthub db upgrade --database-url sqlite:////var/lib/molthub/molthub.db",
    to=database,
)
webhook = typer.Typer(help="Call a Moltbot that takes webhooks", no_args_is_help=True, context_settings=CONTEXT)
app.add_typer(webhook, name="webhook")
_add("url", webhook_url.url, "molthub webhook url release-bot", "molthub webhook url release-bot --dns", to=webhook)
_add(
    "sign",
    webhook_sign.sign,
    "molthub webhook sign /hooks/agent --body message.json",
    "molthub webhook sign https://release-bot.bots.example.com/hooks/agent --body message.json --key-file key",
    to=webhook,
    cls=ValueCommand,
)
_add(
    "test",
    webhook_test.send_test,
    "molthub webhook test release-bot",
    "molthub webhook test --url https://release-bot.bots.example.com/hooks/agent --key-fd 3 3<key",
    to=webhook,
)
_add(
    "doctor",
    doctor.doctor,
    "molthub doctor",
    "molthub doctor --environment acme/prod",
    "molthub doctor -o json",
)
_add("demo", demo.demo, "molthub demo", "molthub demo --keep", "molthub demo -o json")
_add("simulator", simulator.simulator, "molthub simulator --seed manifests-example", "molthub simulator --port 5000")
_add("schema", schema.schema, "molthub schema > .molthub/molthub.schema.json", "molthub schema MoltbotInstance")
_add("completion", completion.completion, "molthub completion bash > /etc/bash_completion.d/molthub")
_add("version", version.version, "molthub version", "molthub version -o json")
