"""What a report is made of, each part under the key of what it hangs on; the store of what is made already.

Plans are worked out and read here; nothing is executed.
"""
