"""Executes a plan through a provider: ordered within an instance, concurrent across, crash-safe. Returns events; records nothing."""
