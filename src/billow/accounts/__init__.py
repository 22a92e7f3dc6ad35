"""People: how they sign up, log in and out, what they may do, and the record of it.

Begin with `billow.accounts.service.AccountService`; it needs the extra `billow[accounts]`.
"""
