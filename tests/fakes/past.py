"""Long and branched histories in one `git fast-import`: a commit costs microseconds, not a process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

START = 1_800_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """One commit to be made. files: None removes one; the first parent is the commit before unless said otherwise.

    mark, parents  names for branches and merges; the parents' names, first parent first
    """

    message: str = "Change"
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    author: str = "Ana <ana@example.com>"
    mark: str = ""
    parents: tuple[str, ...] = ()
    hours: int = 1


def fast_import(path: Path, commits: Iterable[Made], *, branch: str = "main") -> list[str]:
    """Make the commits on a branch of a bare repository, which is made where there is none; their hashes."""
    if not path.exists():
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch", branch, str(path)], check=True)
    listed = list(commits)
    number = {made.mark: place for place, made in enumerate(listed, 1) if made.mark}
    marks = path / "marks"
    stream = b"".join(_commit(made, place, number, branch) for place, made in enumerate(listed, 1))
    subprocess.run(
        ["git", "-C", str(path), "fast-import", "--quiet", "--force", f"--export-marks={marks}"],
        input=stream,
        check=True,
    )
    found = dict(line.split(" ") for line in marks.read_text().splitlines())
    return [found[f":{place}"] for place in range(1, len(listed) + 1)]


def _commit(made: Made, place: int, number: Mapping[str, int], branch: str) -> bytes:
    when = f"{START + place * 3600 * made.hours} +0000"
    message = made.message.encode()
    parts = [
        f"commit refs/heads/{branch}\nmark :{place}\nauthor {made.author} {when}\ncommitter {made.author} {when}\n"
    ]
    parts.append(f"data {len(message)}\n")
    head = "".join(parts).encode() + message + b"\n"
    above = [number[name] for name in made.parents] or ([place - 1] if place > 1 else [])
    for at, parent in enumerate(above):
        head += f"{'merge' if at else 'from'} :{parent}\n".encode()
    for name, content in made.files.items():
        if content is None:
            head += f"D {name}\n".encode()
        else:
            head += f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n"
    return head + b"\n"
