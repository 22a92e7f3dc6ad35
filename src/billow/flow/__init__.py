"""The one way of a job: upload, dispatch, work, record, notify; and the dead letters."""
