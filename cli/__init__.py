"""The command line: parses, calls the pipeline, renders. No decision about what should be is made here."""
