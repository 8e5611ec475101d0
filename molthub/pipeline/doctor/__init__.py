"""The checks behind `molthub doctor`. A check is a function from probes to a finding; it knows no other check.

running.py  runs them: one that fails hides no other, one that needs a failed one is skipped and says so
cloud.py    one environment on its cloud
here.py     this machine: Git, the database, the images' registries
"""
