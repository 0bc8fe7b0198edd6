"""The functions of PromQL by family; `registry.FUNCTIONS` has them all by name."""
