"""`molthub db …`: the controller's database."""
