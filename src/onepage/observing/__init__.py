"""What an execution really reads: the audit hook in its processes, and what its log says.

The hook runs inside other people's programs: it imports as little as it can and never fails.
"""
