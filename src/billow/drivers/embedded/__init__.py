"""The embedded home: SQLite and files in one folder, shared by the processes of one machine."""
