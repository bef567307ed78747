"""Staff, teams and absences over HTTP."""
