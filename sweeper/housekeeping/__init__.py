"""What is done to a store by hand: results taken back, sweeps renamed, what is left over cleared away, a check-up."""
