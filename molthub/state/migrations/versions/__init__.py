"""One module a step; their names sort in the order they run."""
