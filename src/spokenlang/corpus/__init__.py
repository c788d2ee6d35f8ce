"""Where clips come from: the clip store, its splits, the synthetic corpus, and the importer of recordings."""
