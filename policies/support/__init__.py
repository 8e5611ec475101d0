"""What the rules share: grammars, tables and patterns. Pure functions and data, no rules."""
