"""What we promise to whom: which clocks a ticket has, and why."""
