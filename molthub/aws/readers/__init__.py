"""Reads: one file per AWS service. Functions named `project…` are pure; `list…`, `read…` and `describe…` call."""
