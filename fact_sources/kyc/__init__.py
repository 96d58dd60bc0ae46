"""A vendor of identity checks: takes its signed callbacks, and records what they say in the compliance service.

Nothing of a callback is believed before its signature holds, by the algorithm that we have agreed on: the one that the
callback itself names is only compared with it.
"""
