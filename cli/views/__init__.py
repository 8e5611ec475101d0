"""How results look: a table, plain lines or JSON from the same values."""
