"""A cross-operator activity file over HTTP and JSON: says that a player plays here, and that this is over.

An answer counts if it is signed by a key of the file and is about our question. Nothing is remembered here: whoever asks
keeps the reference until the file has heard of its end. Wire and table: README.md.
"""
