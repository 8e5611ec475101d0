"""The templates that come with Molthub: one YAML file each, of the same kind as a fleet's own. No code here."""
