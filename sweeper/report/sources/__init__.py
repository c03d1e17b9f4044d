"""What a report is made of: points of sweeps and runs of experiments, and what became of them."""
