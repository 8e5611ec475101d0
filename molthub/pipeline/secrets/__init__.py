"""The work behind `molthub secret`: where a secret lives, who uses it, and how its value is changed.

Values pass through `values.py` only, on their way between the person and the store; nothing here keeps or shows one.
The reconciler uses none of this.
"""
