"""What everything stands on: errors, the project's settings and files, names, numbers as they are written.

Nothing here knows what a report is; nothing here imports from another wing.
"""
