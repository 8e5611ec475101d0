"""`molthub controller notify-test`."""

from __future__ import annotations

import socket
from pathlib import Path

import typer

from molthub.cli import context
from molthub.cli.commands.controller.options import NotifyKeyOption, NotifyUrlOption, parsed
from molthub.cli.terminal import terminal


def notify_test(
    ctx: typer.Context, notify_url_file: NotifyUrlOption = None, notify_key_file: NotifyKeyOption = None
) -> None:
    """Send one notification, to see that it arrives

    To where the controller would send: MOLTHUB_NOTIFY_URL, signed with MOLTHUB_NOTIFY_KEY where that is set, or what
    the files say. It is sent once, at once, and says that it is a test.
    """
    from molthub.controller.notifying import send_test
    from molthub.controller.settings import NotifySettings

    files: dict[str, Path | None] = {"notify_url_file": notify_url_file, "notify_key_file": notify_key_file}
    settings = parsed(NotifySettings, files)
    by = f"{context.actor()} on {socket.gethostname()}"
    target = send_test(settings, clock=context.roots_of(ctx).clock(), by=by)
    signed = "signed" if target.key is not None else "not signed, as there is no MOLTHUB_NOTIFY_KEY"
    terminal().say(f"The receiver at {target.label} took a test message ({signed}).")
