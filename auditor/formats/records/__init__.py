"""Files of records: CSV, JSON lines, Parquet. Read by column, written back cell by cell."""
