"""The app whose mailer is killed."""

import billow

app = billow.App("drill")
