"""What can be done with work orders: by who asks for the work, by the team, and by events."""
