"""What is said on tickets, over HTTP."""
