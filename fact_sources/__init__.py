"""Facts from outside: a process for each source, and a simulator of each for sandboxes and drills.

A source translates one wire into one answer of the contract. What cannot be understood is silence, never a clear answer.
"""
