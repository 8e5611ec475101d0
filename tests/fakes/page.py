"""The command blocks of a page of the docs, run one after the other in one shell, as a reader would type them.

A block is a fence marked `sh`; a chapter is what stands below a heading. `console` and unmarked fences are only shown.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_HEADING = re.compile(r"#{2,4} (?P<title>.+)")
_MARK = "-- end of block"


@dataclass(frozen=True, slots=True)
class Block:
    """One fence. line: where it begins, from 1."""

    chapter: str
    line: int
    text: str


def blocks_of(page: Path) -> list[Block]:
    """The blocks to run, in order."""
    found: list[Block] = []
    chapter, begun, lines = "", 0, list[str]()
    for number, line in enumerate(page.read_text().splitlines(), 1):
        heading = _HEADING.fullmatch(line)
        if begun and line == "```":
            found.append(Block(chapter, begun, "\n".join(lines) + "\n"))
            begun, lines = 0, []
        elif begun:
            lines.append(line)
        elif line == "```sh":
            begun = number
        elif heading is not None:
            chapter = heading["title"]
    return found


@dataclass(slots=True)
class Shell:
    """A bash that keeps its folder and variables between blocks and stops at the first command that fails."""

    variables: Mapping[str, str]
    home: Path
    _process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-euo", "pipefail"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.home,
            env=dict(self.variables),
        )

    def run(self, block: Block) -> str:
        """What the block printed, on both streams. Raises AssertionError with it when a command failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{{\n{block.text}\n}} </dev/null\necho '{_MARK}'\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.rstrip("\n") == _MARK:
                return "".join(lines)
            lines.append(line)
        raise AssertionError(
            f"the block at line {block.line} ({block.chapter}) failed:\n{block.text}\n{''.join(lines)}"
        )

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
