"""The whole log as one file that can be checked, and read, without a database. Its format: docs/export-format.md."""
