"""One module for each job queue: its app as its documentation advises, and how to drive it."""
