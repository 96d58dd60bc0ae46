"""`make audit-demo`: somebody who can do anything to the audit log is caught, and a player is forgotten."""
