"""From a template to a manifest: which templates there are, what is chosen, and what comes of it.

    catalogue   the built-in templates and the fleet's own, by name, and which one a name means
    choosing    texts that somebody gave → values of parameters
    rendering   template + choices + patch → a MoltbotInstance as YAML, judged like any other
    words       what an instance enables, for people
    capturing   an instance → a template

Pure, but for the built-in templates, which are package data.
"""
