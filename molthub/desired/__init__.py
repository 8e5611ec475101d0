"""What one manifest becomes: manifest and facts in, resources out. Pure. What depends on the Moltbot's own version lives in profiles/ and nowhere else."""
