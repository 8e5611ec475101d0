"""The gate: the one container of a webhook Moltbot's task that others can reach. `python -m molthub.gate` runs it.

    load balancer ─→ gate (0.0.0.0:8080) ─→ gateway (127.0.0.1:18789)

It takes one request a connection, refuses whatever is not exactly allowed with a small constant answer, and asks the
gateway anew with what is left: method, path, body, content type and a bearer token of its own.

    wire       bytes ↔ a head, an answer: strict HTTP/1.1, pure
    signature  sign and verify, pure
    replay     each signed request once, pure
    limits     the token bucket, pure
    refusals   every way to say no: reason, status
    settings   everything from MOLTHUB_GATE_* variables
    intake     reads one request from a connection
    upstream   asks the gateway
    server     puts these together

It imports nothing of Molthub but errors, reads and writes no file, keeps no key but in memory, and logs neither a
header, a body nor a key.
"""
