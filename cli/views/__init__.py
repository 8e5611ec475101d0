"""How results look: for people and, from the same values, as JSON.

Pure: values in, text or plain data out; nothing here writes to a stream. Whatever came from a manifest or
from AWS goes through `text.safe` before a person's terminal sees it.
"""
