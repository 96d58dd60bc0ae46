"""The clock of this node against sources of time: how far it is off is a report with source, error and age.

The wallets of the node read the report with each decision. A source that cannot be understood is silent, and a report
that nobody renews is over: README.md.
"""
