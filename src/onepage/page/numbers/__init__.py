"""Numbers and words inside report.md: the template, its arithmetic, and which digits somebody typed."""
