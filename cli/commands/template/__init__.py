"""The verbs of `molthub template`, one a file."""
