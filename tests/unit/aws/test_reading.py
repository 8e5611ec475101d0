"""Reading many things at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from molthub.aws.readers.reading import each
from molthub.errors import TransientError


def test_what_came_back_and_what_failed() -> None:
    def read(key: int) -> int:
        if key == 2:
            raise TransientError("MH-AWS-012", "AWS itself failed")
        return key * 10

    with ThreadPoolExecutor(2) as pool:
        done, failed = each(pool, [1, 2, 3], read)
    assert done == {1: 10, 3: 30}
    assert [error.ref for error in failed.values()] == ["MH-AWS-012"]


def test_an_interruption_leaves_the_rest_unread() -> None:
    begun: list[int] = []

    def read(key: int) -> int:
        begun.append(key)
        time.sleep(0.002)  # so that whoever waits for the first one comes to know of it before the last
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), ThreadPoolExecutor(1) as pool:
        each(pool, range(1000), read)
    assert len(begun) < 1000
