"""Dataset Auditor's engine: finds dirty samples in labelled image data sets. Knows no window."""
