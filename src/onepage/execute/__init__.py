"""One target of a plan, executed: kernels, notebooks, the environment, locks and failures.

It knows nothing of the page; what becomes of a result is for the tools to say.
"""
