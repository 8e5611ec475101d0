"""What happened, as values: the timeline's entries. Pure; state/ stores them."""
