"""Problems: where they are, what is wrong, what to write instead, and how they are shown."""
