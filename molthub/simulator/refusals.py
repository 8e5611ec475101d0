"""How the simulator says no: what AWS refuses because of its state, and what no AWS would ever accept."""

from __future__ import annotations


class RefusalError(Exception):
    """An answer that AWS gives as an error. code: AWS's error code; status: of the HTTP answer."""

    malformed = False

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class MalformedRequestError(RefusalError):
    """A request that could never succeed, whatever the account holds: a fault of the caller.

    It is recorded as a violation, and answered with AWS's own code where that is known.
    """

    malformed = True

    def __init__(self, code: str, message: str, *, ref: str = "MH-SIM-002") -> None:
        super().__init__(code, message)
        self.ref = ref
