"""What people see of FakeFlickr, and the endpoints that programs use."""
