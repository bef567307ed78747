"""Mail in and out: SMTP or LMTP from our mail server, SMTP (or a folder of files) towards it."""
