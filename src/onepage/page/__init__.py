"""The one page: report.md and results.json, composed into one document.

Reads results alone; neither a script nor the store is looked at.
"""
