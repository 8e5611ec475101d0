"""How long `molthub --help` takes beside `aws --version`, side by side: `python benchmarks/help_startup.py [ROUNDS]`.

The aim: at most a third. Both are run in turns in the same process environment, so that whatever else the machine
does hurts both; the medians are compared, and the exit code is 1 when the aim is missed. Without an `aws` on the
PATH there is nothing to compare with: it says so and exits 0.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

AIM = 1 / 3
ROUNDS = 15


def seconds(command: list[str]) -> float:
    """One run, from start to exit."""
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def find_aws() -> str | None:
    """The `aws` that a person would run, behind any version manager's shim, which would only slow it down."""
    shim = shutil.which("aws")
    if shim is None or "shims" not in Path(shim).parts:
        return shim
    answer = subprocess.run(["pyenv", "which", "aws"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or shim


def compare(aws: str, rounds: int) -> float:
    """Median of molthub over the median of aws."""
    molthub = [str(Path(sys.executable).parent / "molthub"), "--help"]
    os.environ.pop("MOLTHUB_DEBUG", None)
    ours, theirs = [], []
    for round_ in range(rounds + 1):
        pair = (seconds(molthub), seconds([aws, "--version"]))
        if round_:  # the first round fills the caches
            ours.append(pair[0])
            theirs.append(pair[1])
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"molthub --help  {mine * 1000:6.0f} ms (best {min(ours) * 1000:.0f})")
    print(f"aws --version   {other * 1000:6.0f} ms (best {min(theirs) * 1000:.0f})")
    print(f"ratio           {mine / other:6.2f} (aim: at most {AIM:.2f})")
    return mine / other


def main(arguments: list[str]) -> int:
    aws = find_aws()
    if aws is None:
        print("no `aws` on the PATH: nothing to compare with")
        return 0
    return int(compare(aws, int(arguments[0]) if arguments else ROUNDS) > AIM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
