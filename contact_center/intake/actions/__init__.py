"""What can be done with inbound messages: `taking` decides, `writing` writes it down."""
