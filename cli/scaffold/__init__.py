"""What `molthub init` writes: templates (`string.Template`) and where each goes. No input or output here."""
