"""What the repository's past tells people: versions, blame, audit. The planner's look back is `pipeline/history.py`.

    indexing   commits that are not indexed yet → entries in a CommitIndex: the only reader of Git
    reading    a head and an index → versions of a resource, found by whatever it was ever called
    audit      who did what: commits and the controller's events in one list
    between    two revisions → what differs for each resource

Writes to the index it is given, and nowhere else.
"""
