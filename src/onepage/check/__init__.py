"""The report held against its brief, its claims and itself."""
