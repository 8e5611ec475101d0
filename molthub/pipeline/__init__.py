"""load → check → render → observe → plan → apply → record: the one way through.

Called by the command line and by the controller; nothing here finds its collaborators by itself.
"""
