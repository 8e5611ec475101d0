"""Desired against observed: the typed plan, the deletion guard, and the plan file.

Pure: no clock, no network, no disk; the same inputs always give the same plan.
"""
