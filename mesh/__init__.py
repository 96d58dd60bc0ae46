"""What every process of the mesh needs: identity, errors, servers, channels, settings, time, telemetry.

Nothing here knows a service's rules. Imports stay lean, because every process pays for them at start.
"""
