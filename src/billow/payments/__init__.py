"""Payments: a plan with a price is paid for at Stripe, and the plan follows what is paid.

No card ever comes near the service. People pay on Stripe's own pages; Stripe tells by signed
webhooks that something has changed; a chore then asks Stripe how things stand.
"""
