"""Every call, as a value: what is sent and how its answer is read. Pure."""
