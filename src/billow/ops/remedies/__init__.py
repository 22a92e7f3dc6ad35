"""What is done about alarms without a person, and everything that keeps it from doing harm."""
