"""What FakeFlickr is about: photos, the people who took them, and who may see what."""
