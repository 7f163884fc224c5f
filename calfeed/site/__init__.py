"""The web site around the feeds: pages, pictures and files for the host, all static."""
