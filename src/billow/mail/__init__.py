"""Mail: an intent recorded with what it follows from, a letter, and ways to send it."""
