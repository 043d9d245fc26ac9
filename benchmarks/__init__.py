"""Benchmarks and calibration studies: each prints ratios or rates against a stated alternative."""
