"""Who may change what: signatures as values, people and their roles, and the judge of every commit.

Pure: no Git, no clock, no process. What a commit did and who signed it come in, a judgement goes out. The dates that a
commit claims for itself are never looked at.
"""
