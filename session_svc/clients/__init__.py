"""The neighbours: what they say becomes values and errors of ours."""
