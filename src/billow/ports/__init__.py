"""What every home promises. Interfaces only; the drivers implement them, one contract test each."""
