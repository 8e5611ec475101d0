"""The built-in guardrails: one rule is one .py and one .md. Pure. Nothing switches one off silently."""
