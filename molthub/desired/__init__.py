"""What one manifest becomes: manifest and facts in, resources out. Pure: no clock, disk, network or randomness.

`render.render` is the one way in. What depends on the Moltbot's own version or image (its config keys, variables,
commands, paths and the channels it holds) lives in `profiles/` and nowhere else.
"""
