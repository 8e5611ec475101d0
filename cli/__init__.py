"""The command line: parses, calls the pipeline, renders. No decision about what should be is made here.

main.py      the entry point: errors become one clear line and an exit code
context.py   the composition root: repository, provider, rules, clock and store are chosen here
terminal.py  what is known of the terminal: colours, prompts, which stream gets what
commands/    one file per verb; a folder per noun
views/       how results look, for people and for machines
demo/        `molthub demo`

Importing this package, `molthub --help` and `molthub validate` load no boto3, SQLModel, GitPython or moto:
whatever is heavy is imported inside the command that needs it.
"""
