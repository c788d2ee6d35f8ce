"""The pages that people review: every analysis and run as HTML, and the index.

Outputs come from anywhere, so what is put on a page is made safe here.
"""
