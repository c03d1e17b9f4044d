"""The numbers of a report, from values alone: intervals, quantiles, tests, fronts."""
