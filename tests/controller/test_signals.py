from __future__ import annotations

import signal
import threading

from molthub.controller.main import stopping_on_signals


class Log:
    """A log behind a lock that its holder cannot take twice, as structlog's is."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.said: list[str] = []
        self.stuck = False

    def info(self, event: str, **_: object) -> None:
        if not self.lock.acquire(timeout=2):
            self.stuck = True
            return
        self.said.append(event)
        self.lock.release()


def test_a_signal_while_the_main_thread_writes_a_log_line_does_not_hang_it() -> None:
    log, stop = Log(), threading.Event()
    with stopping_on_signals(stop, log):
        with log.lock:
            signal.raise_signal(signal.SIGTERM)
        assert stop.wait(5)
    assert not log.stuck
    assert log.said == ["stopping"]


def test_the_former_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stopping_on_signals(threading.Event(), Log()):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
