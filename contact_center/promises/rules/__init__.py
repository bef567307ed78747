"""Pure decisions about promises, and finding one in what somebody writes."""
