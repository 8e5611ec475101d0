"""`molthub controller …`."""
