"""`molthub webhook …`: for whoever calls a Moltbot, and whoever asks why it does not answer."""
