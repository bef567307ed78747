"""How long tests wait for what others do: waiting costs nothing where all goes well."""

PATIENCE = 120.0  # seconds, for a machine five times slower that does two things at once
