"""Measures this provider and its peers on one machine in one run; ``make bench`` is the way in."""
