"""The built-in guardrails.

One rule is one `.py` (a class with `ref`, `title`, `waivable`, `check`) and one `.md` of the same name: its page,
which `molthub explain MH-…` prints. `registry.py` lists them all. `support/` holds what rules share: the grammar of
image references, the leaves of a manifest, what secrets look like.

Pure: a rule sees a Subject and returns Findings. Nothing switches one off silently: what a waiver covers is
shouted in every plan (molthub/guard). A finding never repeats a value that might be a secret: `support/quote.py`.
"""
