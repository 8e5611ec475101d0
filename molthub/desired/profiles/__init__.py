"""What depends on the Moltbot's image and version, and nothing else: one runtime profile for a range of versions.

`registry.profile_for(image)` chooses. The real software judges each profile in tests/moltbot; a range that no test
covers does not exist. docs/moltbot-images.md tells people which images are understood.
"""
