"""What can be done to hand things over. Callers own the transaction."""
