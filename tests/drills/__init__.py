"""`make drills`: something breaks, and the decisions in the audit log show that the failure table holds."""
