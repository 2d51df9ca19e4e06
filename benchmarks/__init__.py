"""Side-by-side measurements: ours and plain diffusers in one run, reported as ratios and medians."""
