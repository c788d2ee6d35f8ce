"""The tree as PDF and as HTML: Typst, the theme, and what is measured on the result."""
