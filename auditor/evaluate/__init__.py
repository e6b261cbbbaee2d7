"""How good predictions are by label sets that people stand behind: pure functions on arrays."""
