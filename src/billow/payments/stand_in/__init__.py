"""A stand-in for Stripe, for tests and for showing a service without a network.

It speaks the parts of Stripe's API that Billow uses, as Stripe's own library calls them, has pages
on which a person pays with test cards or cancels, and sends signed webhooks. No money moves, and
nothing here is safe to be reached by strangers.
"""
