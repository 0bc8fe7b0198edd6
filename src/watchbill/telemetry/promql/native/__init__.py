"""What can be done with native histograms: pure functions of `histogram.Histogram` values.

Source of the rules: https://prometheus.io/docs/specs/native_histograms/
"""
