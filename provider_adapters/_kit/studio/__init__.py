"""The base of studio simulators: a game server that plays, misbehaves on purpose, and keeps its own books."""
