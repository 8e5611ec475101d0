"""Proposals: a JSON Patch (RFC 6902) against one instance, checked and written to a branch of its own.

    patch   what a patch may touch, and what it comes to on a manifest     (pure)
    run     base → edit → check → branch → push

Made for agents: whoever proposes needs no cloud credentials and no right to write to the main branch, and nothing that
is proposed reaches AWS before somebody merges it.
"""
