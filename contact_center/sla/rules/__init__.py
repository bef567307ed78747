"""What a change makes of a clock, and how clocks follow from the log."""
