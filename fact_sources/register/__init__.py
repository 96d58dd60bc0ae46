"""An exclusion register over HTTP and JSON, as state registers commonly have it. Wire: README.md."""
