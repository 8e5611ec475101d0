"""Desired against observed: the typed plan. Pure: no clock, no network; the same inputs always give the same plan."""
