"""Tests of arithmetic on native histograms."""
