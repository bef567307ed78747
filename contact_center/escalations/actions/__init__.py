"""What the ladder does, and what it shows."""
