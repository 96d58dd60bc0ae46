"""A cross-operator limit file over HTTP and JSON: asks what it leaves a player, keeps deposits in it, takes them back.

An answer counts if it is signed by a key of the file and is about our question. Nothing is remembered here: whoever asks
keeps the reference until its deposit is booked or taken back. Wire and table: README.md.
"""
