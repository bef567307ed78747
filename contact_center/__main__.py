"""`python -m contact_center` is the command line."""

from contact_center.cli import app

app()
