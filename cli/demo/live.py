"""The live table beside the narration, on a terminal: what runs on AWS, read with plain boto3."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from molthub.cli.demo.stage import Stage
from molthub.cli.demo.witness import Json, Witness, tag

REFRESH_SECONDS = 0.5
CLUSTERS = ("molthub-acme-dev", "molthub-acme-prod", "molthub-globex-dev", "molthub-globex-prod")
COLOURS = {"COMPLETED": "green", "IN_PROGRESS": "yellow", "FAILED": "red"}


@contextmanager
def live_table(stage: Stage, console: Console) -> Iterator[Callable[[str], None]]:
    """Shows the table until the block ends; gives what to narrate with, so that the lines stay above it."""
    witness = Witness(stage.simulator.endpoint_url)
    stop = threading.Event()
    with Live(_table([]), console=console, refresh_per_second=4, transient=True) as live:
        thread = threading.Thread(target=_follow, args=(witness, live, stop), daemon=True)
        thread.start()
        try:
            yield lambda text: console.print(Text(text))
        finally:
            stop.set()
            thread.join(timeout=5)


def _follow(witness: Witness, live: Live, stop: threading.Event) -> None:
    while not stop.wait(REFRESH_SECONDS):
        try:
            rows = [(cluster, service) for cluster in CLUSTERS for service in witness.services(cluster)]
        except (ClientError, BotoCoreError):
            continue  # the next look may succeed; the table only decorates
        live.update(_table(rows))


def _table(rows: list[tuple[str, Json]]) -> Table:
    table = Table("cluster", "instance", "tasks", "rollout", "definition", title="AWS, as boto3 sees it")
    for cluster, service in rows:
        primary: Json = next((item for item in service["deployments"] if item["status"] == "PRIMARY"), {})
        state = str(primary.get("rolloutState", service["status"]))
        table.add_row(
            cluster,
            tag(service, "molthub:instance") or "",
            f"{service['runningCount']}/{service['desiredCount']}",
            Text(state, style=COLOURS.get(state, "default")),
            service["taskDefinition"].rsplit(":", 1)[-1],
        )
    return table
