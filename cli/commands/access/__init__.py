"""The verbs of `molthub access`, one a file."""
