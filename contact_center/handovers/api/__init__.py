"""Hand-overs over HTTP."""
