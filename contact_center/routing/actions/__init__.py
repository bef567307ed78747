"""What is done about who gets a ticket: `deciding` when it comes, `offers` afterwards."""
