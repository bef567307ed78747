"""Who gets a ticket (`deciding`), and what a team's group is told (`notices`)."""
