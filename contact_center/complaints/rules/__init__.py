"""Pure decisions about complaints."""
