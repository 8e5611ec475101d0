"""Pages of a list, by a token that survives changes of the list: it names the last item already given."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from molthub.simulator.refusals import RefusalError

Item = TypeVar("Item")


def page(
    items: Sequence[Item], *, key: Callable[[Item], Any], token: str | None, limit: int, bad_token: str
) -> tuple[list[Item], str | None]:
    """One page of the items, which must be sorted by key (a string), and the token of the next, None after the last.

    bad_token: the error code for a token that this simulator did not give.
    """
    after = _decode(token, bad_token) if token else None
    rest = [item for item in items if after is None or key(item) > after]
    chosen = rest[:limit]
    more = len(rest) > limit
    return chosen, (_encode(key(chosen[-1])) if more else None)


def _encode(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _decode(token: str, bad_token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RefusalError(bad_token, "Invalid token.") from error
