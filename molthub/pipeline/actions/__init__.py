"""Actions: what a person wants to be so, as one commit.

An action is a pure function from a checked fleet to the files that make it so (`types.py`). `run.py` evaluates it on
the newest base, refuses what would bring a new error, and lands it; where a push lost a race, the action is evaluated
again on what won. Nothing here asks AWS, and nothing here knows a terminal.
"""
