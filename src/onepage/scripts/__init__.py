"""Percent scripts and modules, read as source: cells, headers, parameters, and what code does, as hashes.

Nothing is executed or imported here.
"""
