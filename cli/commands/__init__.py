"""One file per command; a folder per noun.

A command parses its arguments, calls the pipeline and hands the result to a view; it returns its exit code.
Nothing heavy is imported at the top of these files: all of them are loaded for `molthub --help`.
"""
