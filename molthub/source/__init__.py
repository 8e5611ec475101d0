"""Git: poll, fetch, read blobs, history, commit and push. The only importer of GitPython. Never a checkout.

`repository.py` opens a fleet repository, by URL through a bare mirror or directly where a person stands in one.
`opening.py` opens the place where an action commits (`target.py` says what that is): `clone.py`, or `remote.py` for a
URL; `building.py` makes the commit, in the person's name and with their signature. `writing.py` (the only user of
GitPython) makes commits for the demo and the tests.
Everything else reads through `process.py`: one sealed environment in which git runs no hook, no filter, no pager, no
prompt and no transport that was not asked for. Nothing that came from a repository is ever executed, followed or
checked out; a person's own clone is brought along by their own git, as `git pull` would.
"""
