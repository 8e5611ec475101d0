"""Executes a plan through a provider: ordered within an instance, concurrent across, crash-safe.

Reports events as they happen and returns results; records nothing. It trusts that every write of the provider
is idempotent, and so keeps no state of its own: after a crash the next plan goes on from what is there.
"""
