"""A vendor of physical locations: takes the sealed and signed assertions of players' clients, and records where they are.

Nothing of an assertion is believed before it was opened with our key and its signature holds by a key of the vendor, both
by the algorithms that were agreed on. It is used once, within a minute. Wire and table: README.md.
"""
