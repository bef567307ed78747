"""What can be done with complaints, each step by its own name. Callers own the transaction."""
