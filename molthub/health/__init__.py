"""How an instance is doing, and the status people see, from what was observed. Pure."""
