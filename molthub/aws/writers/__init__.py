"""Writes: one file per kind. Every function may be called again after a crash and ends in the same state."""
