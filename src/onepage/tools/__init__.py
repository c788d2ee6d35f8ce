"""The commands that put the wings together: plan, run, page, preview, verify, compare, clean, new.

Nothing else may import from here, but for the command line.
"""
