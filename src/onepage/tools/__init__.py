"""The commands that put the wings together: init, new, plan, run, page, check, preview, verify, ...

Nothing else may import from here, but for the command line.
"""
