"""`python -m molthub` is the same as `molthub`."""

from molthub.cli.main import main

if __name__ == "__main__":
    main()
