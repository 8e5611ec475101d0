"""`molthub image`: which image the Moltbots run."""
