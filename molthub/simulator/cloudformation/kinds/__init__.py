"""What each resource type becomes: the calls that make, change and delete it. table.py lists them all."""
