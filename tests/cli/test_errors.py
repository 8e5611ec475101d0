"""Errors as sentences: references, exit codes, no traceback; Ctrl-C; the pages behind the references."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from molthub.apply.types import InstanceResult, Outcome
from molthub.cli.exit_codes import ExitCode, exit_code_of
from molthub.cli.interrupts import graceful
from molthub.cli.pages import all_pages, sections
from molthub.cli.terminal import terminal
from molthub.cli.views import results as results_view
from molthub.errors import StallingError, TransientError, WaitingError
from tests.builders import instance_dict
from tests.fakes.cli import Cli
from tests.fakes.fleet import identity

ROOT = Path(__file__).resolve().parents[2]


def test_exit_codes_follow_the_class() -> None:
    assert exit_code_of(StallingError("MH-X-001", "x")) is ExitCode.FAILED
    assert exit_code_of(TransientError("MH-X-001", "x")) is ExitCode.TRY_AGAIN
    assert exit_code_of(WaitingError("MH-X-001", "x", after=1)) is ExitCode.TRY_AGAIN


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        ([Outcome.APPLIED, Outcome.UNCHANGED], 0),
        ([Outcome.WAITING, Outcome.APPLIED], 3),
        ([Outcome.WAITING, Outcome.CANCELLED], 130),
        ([Outcome.CANCELLED, Outcome.FAILED], 1),
        ([Outcome.HELD], 1),
        ([Outcome.BLOCKED], 1),
    ],
)
def test_how_an_apply_exits(outcomes: list[Outcome], code: int) -> None:
    assert results_view.exit_code([InstanceResult(identity(), "x", outcome) for outcome in outcomes]) == code


def test_a_bug_is_one_clear_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> object:
        raise RuntimeError("the secret is hunter2")

    cli.repository.commit(instance_dict())
    cli.roots = replace(cli.roots, providers=broken)  # type: ignore[arg-type]
    ended = cli.run("plan")
    assert ended.code == 70
    assert ended.err.splitlines()[-2:] == [
        "error: MH-CLI-001 this is a bug in Molthub (RuntimeError)",
        "    fix: Run it again with MOLTHUB_DEBUG=1 for the details, and report them",
    ]
    assert "hunter2" not in ended.err
    assert "Traceback" not in ended.err
    monkeypatch.setenv("MOLTHUB_DEBUG", "1")
    assert "Traceback" in cli.run("plan").err


def test_a_transient_failure_says_try_again(cli: Cli) -> None:
    def unreachable() -> object:
        raise TransientError("MH-AWS-009", "AWS does not answer")

    cli.repository.commit(instance_dict())
    cli.roots = replace(cli.roots, providers=unreachable)  # type: ignore[arg-type]
    assert cli.run("plan").code == 3


def test_a_misspelt_command_is_told_the_nearest(cli: Cli) -> None:
    ended = cli.run("aply")
    assert ended.code == 2
    assert "Did you mean 'apply'?" in ended.err


def test_ctrl_c_in_a_command(cli: Cli) -> None:
    def interrupted() -> object:
        raise KeyboardInterrupt

    cli.repository.commit(instance_dict())
    cli.roots = replace(cli.roots, providers=interrupted)  # type: ignore[arg-type]
    ended = cli.run("plan")
    assert ended.code == 130
    assert "Traceback" not in ended.err


def test_the_first_ctrl_c_only_asks(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with graceful(terminal()) as cancelled:
        assert not cancelled.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled.wait(5)
    assert signal.getsignal(signal.SIGINT) is before
    assert "Once more stops at once" in capsys.readouterr().err


def test_the_second_ctrl_c_stops_at_once() -> None:
    program = (
        "import time\n"
        "from molthub.cli.interrupts import graceful\n"
        "from molthub.cli.terminal import terminal\n"
        "with graceful(terminal()):\n"
        "    print('ready', flush=True)\n"
        "    while True:\n"
        "        time.sleep(0.05)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


def test_every_reference_of_the_command_line_has_a_page() -> None:
    used = {
        ref
        for file in (ROOT / "cli").rglob("*.py")
        for ref in re.findall(r"MH-CLI-[0-9]{3}", file.read_text())
        if "Copy the reference" not in ref
    }
    pages = all_pages()
    assert used == {ref for ref in pages if ref.startswith("MH-CLI-")}
    assert all(page.title and page.text.count("\n") >= 2 for page in pages.values() if page.ref in used)


def test_pages_are_cut_at_their_headings() -> None:
    found = sections("# Area\n\n## MH-X-001 One\n\ntext\n\n## MH-X-002 Two\n\nmore\n")
    assert [(page.ref, page.title, page.text) for page in found] == [
        ("MH-X-001", "One", "## MH-X-001 One\n\ntext"),
        ("MH-X-002", "Two", "## MH-X-002 Two\n\nmore"),
    ]
    assert sections("nothing") == []
