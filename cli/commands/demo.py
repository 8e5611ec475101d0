"""`molthub demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import Output, OutputOption


def demo(
    output: OutputOption = Output.HUMAN,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running at the end, and say what to type")] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port of its AWS; 0 takes a free one")
    ] = 0,
) -> int:
    """Play the main job in six scenes, against an AWS of its own

    A commit becomes a running Moltbot, another rolls it forward, drift is put right, a bad image rolls back and
    stays back, a plaintext secret is refused, a removed manifest is pruned. Each scene is proven by asking that
    AWS with plain boto3. Needs the extra `demo`, and no account.
    """
    from molthub.cli.extras import needing_demo

    with needing_demo("the demo"):
        from molthub.cli.demo.run import DemoOptions, run_demo
    options = DemoOptions(json_output=output is Output.JSON, keep=keep, port=port)
    return ExitCode.OK if run_demo(options) else ExitCode.FAILED
