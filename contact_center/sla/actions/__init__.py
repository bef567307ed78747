"""What can be done with clocks: one at a time, all of a ticket together, and what they run by."""
