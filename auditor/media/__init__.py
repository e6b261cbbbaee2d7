"""Images, from the bytes of a file to what is known of it. Runs in workers only."""
