"""Measurements, run by `make bench`. Figures are ratios inside one run: machines differ."""
