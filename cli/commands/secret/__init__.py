"""`molthub secret …`: one file a verb. A value is read by cli/secret_values.py and goes to the store, nowhere else."""
