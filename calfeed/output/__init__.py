"""Write artifacts to the output folder, all or nothing."""
