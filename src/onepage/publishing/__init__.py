"""What analyses hand over: records in a notebook's outputs, tables, drawings and sound.

Used inside kernels, so it knows of no plan, no page and no store.
"""
