"""`molthub controller run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.commands.controller.options import NotifyKeyOption, NotifyUrlOption, parsed
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import RefOption, RepoOption

if TYPE_CHECKING:
    from molthub.controller.settings import ControllerSettings

OwnedOption = Annotated[
    list[str] | None,
    typer.Option("--environment", metavar="WORKSPACE/NAME", help="What it owns (repeatable); by default all"),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="MOLTHUB_DATABASE_URL",
        help="Where status and events are kept: sqlite:///FILE or postgresql://USER@HOST/DATABASE; by default "
        "sqlite:///molthub.db",
    ),
]
PollOption = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Between two looks at the repository; by default 15")
]
DriftOption = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Between two looks at all of AWS; by default 300")
]
RolloutPollOption = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Between two looks at a rollout; by default 5")
]
TimeoutOption = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="After which a rollout is given up on; by default 1800")
]
LeaseOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="After which a writer that died is replaced; by default 90"),
]

RootKeysOption = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="SSH public keys that may sign the first access policy; by default none"),
]
ShareOption = Annotated[
    str | None,
    typer.Option(metavar="PERCENT|off", help="How much of AWS's request quotas may be used; by default 60"),
]

LogOption = Annotated[str | None, typer.Option(metavar="json|console", help="How it logs, on stderr; by default json")]


def run(
    once: Annotated[bool, typer.Option("--once", help="Reconcile everything once and exit")] = False,
    environment: OwnedOption = None,
    repo: RepoOption = None,
    ref: RefOption = None,
    database_url: DatabaseOption = None,
    cache_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the mirror is kept; by default ~/.cache/molthub")
    ] = None,
    poll_interval: PollOption = None,
    drift_interval: DriftOption = None,
    rollout_poll: RolloutPollOption = None,
    rollout_timeout: TimeoutOption = None,
    lease_ttl: LeaseOption = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Instances worked on at once; by default 8")] = None,
    aws_share: ShareOption = None,
    root_keys: RootKeysOption = None,
    notify_url_file: NotifyUrlOption = None,
    notify_key_file: NotifyKeyOption = None,
    log_format: LogOption = None,
) -> int:
    """Follow the repository and keep AWS as it says

    Polls Git, reconciles what changed, and looks at all of AWS every drift interval. Each setting is also a
    variable: --poll-interval is MOLTHUB_POLL_INTERVAL. SIGTERM ends it cleanly. A second controller on the same
    database refuses; one elsewhere waits for the environment's lease. With --once the exit code says whether all
    is well. MOLTHUB_NOTIFY_URL names a webhook that is told when an instance fails, is blocked, drifted or recovered.
    """
    from molthub.controller.main import run_controller

    settings = _settings(
        repo=repo or ".",
        notify_url_file=notify_url_file,
        notify_key_file=notify_key_file,
        ref=ref,
        database_url=database_url,
        cache_dir=cache_dir,
        environments=tuple(environment) if environment else None,
        poll_interval=poll_interval,
        drift_interval=drift_interval,
        rollout_poll=rollout_poll,
        rollout_timeout=rollout_timeout,
        lease_ttl=lease_ttl,
        workers=workers,
        aws_share=aws_share,
        root_keys=root_keys,
        log_format=log_format,
    )
    well = run_controller(settings, once=once)
    return ExitCode.OK if well or not once else ExitCode.FAILED  # told to stop, it stopped: that is no failure


def _settings(**given: object) -> ControllerSettings:
    from molthub.controller.settings import ControllerSettings

    return parsed(ControllerSettings, given)
