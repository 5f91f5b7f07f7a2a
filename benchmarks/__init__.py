"""Measures this provider beside its peers on one machine in one run; ``make bench`` is the way in."""
