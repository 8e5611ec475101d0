"""Two revisions of a fleet side by side: what a pull request changes, what is wrong through it, and what it would do.

    common_base   the commit that head and base began to differ at
    compare       two snapshots → what changed, and which instances that concerns         (pure)
    findings      what is wrong now and was not before                                   (pure)
    preview       the plan from what the base says to what the head says                 (no cloud is asked)

No credentials are needed for any of it, and nothing here is ever applied.
"""
