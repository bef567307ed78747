"""Every SQL statement of the reports. Each reads a day's index range, or what is open now."""
