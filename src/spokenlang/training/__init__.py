"""Training: settings, augmentation, the loop, checkpoints, runs, the search, and what they are held against."""
