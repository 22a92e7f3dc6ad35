"""The fault drill: what Billow does about faults itself, and whom it calls if it can do nothing."""
