"""Builds the web application; the one list of routes."""
