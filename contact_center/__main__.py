"""`python -m contact_center` is the command line."""
