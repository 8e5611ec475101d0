"""The engine that runs rules over a manifest and applies waivers. Pure; the rules themselves live in policies/."""
