"""The names of cleanlab's rules, apart from what applies them: a check's spec loads no torch."""

from __future__ import annotations

FILTERS = (
    "low_normalized_margin",
    "low_self_confidence",
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
)
"""cleanlab's rules for what is an error."""
