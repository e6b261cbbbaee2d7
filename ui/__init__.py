"""The window. Qt only: no SQL, no decoding of users' files, no model library."""
