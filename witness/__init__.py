"""A witness: it cosigns a log's checkpoint only after checking that the log continues what it saw before.

It is small, keeps nothing but the last checkpoint of each log, and belongs into other hands than the log.
"""
