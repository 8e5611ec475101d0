"""The engine that runs rules over a manifest and applies waivers.

Pure: a rule, an instance and today's date in, diagnostics out. The rules themselves live in policies/; this
package knows none of them.
"""
