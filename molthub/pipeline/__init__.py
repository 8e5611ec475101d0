"""load → check → render → observe → plan → apply → record: the one way through, called by the command line and the controller."""
