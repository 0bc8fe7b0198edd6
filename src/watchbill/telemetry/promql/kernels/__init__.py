"""The arithmetic over windows of samples: arrays in, arrays out, nothing of PromQL's syntax.

Every kernel takes a `windows.Windows` (and per-step parameters, float64 of length T) and returns
float64 (n, T). Cells whose window holds too few samples may hold anything; the caller masks them.
"""
