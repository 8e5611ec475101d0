from __future__ import annotations

import threading
import time

from molthub.controller.workqueue import BACKOFF_LONGEST, WorkQueue, backoff


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_waits_once_however_often_it_is_added() -> None:
    queue: WorkQueue[str] = WorkQueue(Seconds())
    for key in ("a", "a", "b", "a"):
        queue.add(key)
    assert [queue.get(), queue.get()] == ["a", "b"]


def test_a_key_added_while_worked_on_comes_again_and_only_after_done() -> None:
    queue: WorkQueue[str] = WorkQueue(Seconds())
    queue.add("a")
    assert queue.get() == "a"
    queue.add("a")
    queue.add("b")
    assert queue.get() == "b"
    queue.done("a")
    assert queue.get() == "a"


def test_a_later_key_comes_when_its_time_has_come_and_the_earlier_time_counts() -> None:
    clock = Seconds()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add_after("a", 60)
    queue.add_after("a", 5)
    queue.add_after("a", 30)
    clock.now = 5
    assert queue.get() == "a"
    queue.done("a")
    clock.now = 100
    queue.add("b")
    assert queue.get() == "b"  # the forgotten times of "a" bring nothing


def test_parked_keys_come_back_one_per_freed_slot() -> None:
    queue: WorkQueue[str] = WorkQueue(Seconds())
    for key in ("a", "b", "c"):
        queue.add(key)
    assert [queue.get() for _ in range(3)] == ["a", "b", "c"]
    assert queue.take_slot("a", "env", 1)
    assert queue.take_slot("a", "env", 1), "the holder may ask again"
    assert not queue.take_slot("b", "env", 1)
    assert not queue.take_slot("c", "env", 1)
    queue.done("b")
    queue.done("c")
    assert queue.take_slot("x", "other", 1), "another group has slots of its own"
    queue.done("a")
    assert queue.get() == "b"
    assert queue.take_slot("b", "env", 1)
    queue.add("c")
    assert queue.get() == "c"
    assert not queue.take_slot("c", "env", 1)


def test_a_woken_key_that_wants_no_slot_any_more_wakes_the_next() -> None:
    queue: WorkQueue[str] = WorkQueue(Seconds())
    for key in ("a", "b", "c"):
        queue.add(key)
    assert [queue.get() for _ in range(3)] == ["a", "b", "c"]
    assert [queue.take_slot(key, "env", 1) for key in ("a", "b", "c")] == [True, False, False]
    for key in ("b", "c", "a"):
        queue.done(key)
    assert queue.get() == "b"
    queue.done("b")  # what it was to roll out was reverted meanwhile
    assert queue.get() == "c"
    queue.done("c")
    queue.wait_idle()


def test_a_raised_limit_wakes_as_many_as_there_is_room_for() -> None:
    queue: WorkQueue[str] = WorkQueue(Seconds())
    for key in ("a", "b", "c", "d"):
        queue.add(key)
    assert [queue.get() for _ in range(4)] == ["a", "b", "c", "d"]
    assert [queue.take_slot(key, "env", 1) for key in ("a", "b", "c", "d")] == [True, False, False, False]
    for key in ("b", "c", "d"):
        queue.done(key)
    assert queue.take_slot("a", "env", 3)
    queue.done("a")
    assert [queue.get() for _ in range(3)] == ["b", "c", "d"]


def test_a_rollout_under_way_holds_its_slot_beyond_the_limit_until_it_is_done() -> None:
    queue: WorkQueue[str] = WorkQueue(Seconds())
    for key in ("new", "old-1", "old-2"):
        queue.add(key)
    queue.hold_slot("old-1", "env", 1)
    queue.hold_slot("old-2", "env", 1)
    assert [queue.get() for _ in range(3)] == ["new", "old-1", "old-2"]
    assert [queue.take_slot(key, "env", 1) for key in ("new", "old-1", "old-2")] == [False, True, True]
    queue.done("new")
    queue.done("old-1")
    queue.add("other")
    assert queue.get() == "other", "there is one too many still"
    queue.done("other")
    queue.done("old-2")
    assert queue.get() == "new"
    assert queue.take_slot("new", "env", 1)


def test_what_is_due_by_now_is_not_idle() -> None:
    seconds = Seconds()
    queue: WorkQueue[str] = WorkQueue(seconds)
    queue.add_after("a", 60)
    queue.wait_idle()
    seconds.now += 60
    done: list[str] = []

    def work() -> None:
        key = queue.get()
        assert key is not None
        done.append(key)
        queue.done(key)

    threading.Timer(0.05, work).start()
    queue.wait_idle()
    assert done == ["a"]


def test_no_key_ever_has_two_workers() -> None:
    queue: WorkQueue[int] = WorkQueue(time.monotonic)
    inside: dict[int, int] = {}
    worst: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while (key := queue.get()) is not None:
            with lock:
                inside[key] = inside.get(key, 0) + 1
                worst.append(inside[key])
            time.sleep(0.0005)
            with lock:
                inside[key] -= 1
            queue.done(key)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for number in range(300):
        queue.add(number % 4)
        if number % 50 == 0:
            time.sleep(0.002)
    queue.wait_idle()
    queue.close()
    for thread in threads:
        thread.join()
    assert max(worst) == 1
    assert len(worst) >= 4


def test_close_lets_waiting_workers_go() -> None:
    queue: WorkQueue[str] = WorkQueue(time.monotonic)
    got: list[str | None] = []
    thread = threading.Thread(target=lambda: got.append(queue.get()))
    thread.start()
    queue.close()
    thread.join(5)
    assert got == [None]


def test_backoff_doubles_from_five_seconds_to_ten_minutes_with_jitter() -> None:
    assert backoff(0, jitter=0.0) == 2.5
    assert backoff(0, jitter=0.999) < 5.0
    assert backoff(3, jitter=0.0) == 20.0
    assert backoff(50, jitter=0.0) == BACKOFF_LONGEST / 2
