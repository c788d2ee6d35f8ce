"""What a trained network is worth: evaluation with intervals, comparisons, the output space, attribution, plots."""
