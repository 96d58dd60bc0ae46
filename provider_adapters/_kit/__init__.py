"""What every provider adapter shares: ports, process runner, wallet and session clients, breaker, studio base.

A provider's folder supplies the dialect; the kit supplies everything that must be equal for all.
See README.md in this folder for the files that a provider brings and the functions that the kit calls.
"""
