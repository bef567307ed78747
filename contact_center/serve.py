"""Composition root: builds the runtime and starts everything this process is to do."""
