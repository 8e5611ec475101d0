"""The controller's composition root: chooses Git, AWS, the database, the rules and the clock, and hands them down."""

from __future__ import annotations

import logging
import os
import random
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog

from molthub.apply.settings import SystemClock
from molthub.aws.provider import aws_provider_factory
from molthub.aws.throttle import throttles
from molthub.controller.drift import DriftJudge
from molthub.controller.indexer import Indexer
from molthub.controller.journal import Journal
from molthub.controller.leasing import LeaseTeller
from molthub.controller.loop import Loop
from molthub.controller.noticing import Noticing
from molthub.controller.notifying import notifying, target_in
from molthub.controller.publisher import Publisher
from molthub.controller.reconciler import Reconciler
from molthub.controller.settings import ControllerSettings
from molthub.controller.taskwatch import TaskWatch
from molthub.controller.workqueue import WorkQueue
from molthub.controller.world import World, provider_of
from molthub.errors import StallingError
from molthub.leases.holding import Holding
from molthub.leases.lease import Holder, LeaseSettings, elapsed_seconds
from molthub.pipeline.access import AccessGate
from molthub.pipeline.roots import read_roots
from molthub.pipeline.types import Collaborators
from molthub.policies.registry import builtin_rules
from molthub.provider.protocols import ProviderFactory
from molthub.resources.identity import Identity
from molthub.source.kept_signatures import KeptSignatures
from molthub.source.protocol import FleetSource
from molthub.source.repository import open_repository
from molthub.source.signatures import SignatureChecker
from molthub.state.store import Store, open_store


def run_controller(settings: ControllerSettings, *, once: bool) -> bool:
    """Run until SIGTERM or SIGINT, or once through; True when all ended well.

    Raises MolthubErrors for what is wrong from the start: the repository, the database, a second controller.
    """
    check_environments(settings)
    log = configure_logging(settings.log_format)
    stop = threading.Event()
    owner = f"{socket.gethostname()}:{os.getpid()}"
    target = target_in(settings)
    store = open_store(settings.database_url, owner=owner)
    noticing = Noticing(store, now=SystemClock().now, log=log) if target is not None else None
    holder = Holder(f"controller on {socket.gethostname()} (pid {os.getpid()})", nonce=secrets.token_hex(16))
    with store.controller_lock(owner) as confirm, stopping_on_signals(stop, log):
        loop = build_loop(settings, store=store, stop=stop, log=log, holder=holder, noticing=noticing)
        loop.confirm = confirm
        with notifying(target, noticing, loop.journal, clock=loop.clock, log=log):
            ended_well = loop.run(once=once)
    log.info("stopped", well=ended_well)
    return ended_well


def build_loop(
    settings: ControllerSettings,
    *,
    store: Store,
    stop: threading.Event,
    log: Any,
    holder: Holder,
    noticing: Noticing | None = None,
) -> Loop:
    """Put the controller together. noticing: None where nobody is notified."""
    clock = SystemClock()
    source = open_repository(settings.repo, ref=settings.ref, cache_dir=settings.cache_dir.expanduser(), mirror=True)
    pace = throttles(settings.aws_share, stopping=stop.is_set, tell=lambda line: log.info("throttled", waiting=line))
    collaborators = _collaborators(settings, source, aws_provider_factory(throttle=pace), clock)
    world = World()
    journal = Journal(store, log, clock.now, noticing=noticing)
    queue: WorkQueue[Identity] = WorkQueue(time.monotonic)
    teller = LeaseTeller(log)
    holding = _holding(settings, holder, teller, clock)
    reconciler = Reconciler(
        world=world,
        collaborators=collaborators,
        journal=journal,
        settings=settings,
        queue=queue,
        clock=clock,
        stopping=stop.is_set,
        jitter=random.random,
        log=log,
        holding=holding,
    )
    return Loop(
        source=source,
        collaborators=collaborators,
        journal=journal,
        reconciler=reconciler,
        world=world,
        queue=queue,
        settings=settings,
        clock=clock,
        monotonic=time.monotonic,
        stop=stop,
        log=log,
        holding=holding,
        taken=teller.taken,
        drift=DriftJudge(source, log),
        watch=TaskWatch(journal, provider_of=partial(provider_of, world, collaborators), now=clock.now, log=log),
        indexer=Indexer(source, store.commit_index(), stopping=stop.is_set, log=log),
        publisher=Publisher(holding=holding, world=world, now=clock.now, log=log),
    )


def _collaborators(
    settings: ControllerSettings, source: FleetSource, providers: ProviderFactory, clock: SystemClock
) -> Collaborators:
    kept = KeptSignatures(settings.cache_dir.expanduser() / "signatures")
    access = AccessGate(source, read_roots(settings.root_keys), SignatureChecker(source, kept=kept))
    return Collaborators(rules=builtin_rules(), providers=providers, now=clock.now, source=source, access=access)


def _holding(settings: ControllerSettings, holder: Holder, teller: LeaseTeller, clock: SystemClock) -> Holding:
    return Holding(
        holder=holder,
        settings=LeaseSettings(ttl=settings.lease_ttl),
        again=True,
        tell=teller.tell,
        elapsed=elapsed_seconds,
        now=clock.now,
    )


def check_environments(settings: ControllerSettings) -> None:
    """Raises StallingError for an `--environment` that is not WORKSPACE/NAME."""
    for name in settings.environments:
        parts = name.split("/")
        if len(parts) != 2 or not all(parts):  # noqa: PLR2004 - two parts
            raise StallingError(
                "MH-CTRL-001", f"{name!r} names no environment", fix="Write it as WORKSPACE/NAME, such as acme/prod"
            )


def configure_logging(log_format: str) -> Any:
    """Structured lines on standard error: one JSON object each, or readable ones. Libraries speak only of warnings."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    return structlog.get_logger()


@contextmanager
def stopping_on_signals(stop: threading.Event, log: Any) -> Iterator[None]:
    """The first SIGTERM or SIGINT lets the calls under way end and stops; the second ends at once."""
    asked: list[int] = []
    announcer: list[threading.Thread] = []

    def announce(number: int) -> None:
        stop.set()
        log.info("stopping", signal=signal.Signals(number).name)

    def handle(number: int, _frame: object) -> None:
        if asked:
            os._exit(128 + number)
        asked.append(number)
        # Elsewhere: the main thread may hold the log's or the event's lock just now, and would wait for itself.
        announcer.append(threading.Thread(target=announce, args=(number,), daemon=True))
        announcer[0].start()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for thread in announcer:
            thread.join()
        for number, former in before.items():
            signal.signal(number, former)
