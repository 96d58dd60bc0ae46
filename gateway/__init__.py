"""The gateway: the only door to the mesh, as an Envoy configuration made from settings.

It owns who the licensee is (a verified token, never a header from outside), how much a
licensee may ask of us, and which methods can be reached at all. It decides nothing about
money and sends a money request a second time only when the first never reached a server.
"""
