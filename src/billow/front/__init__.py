"""The front: takes all connections, shares requests out to web servers, and sheds what is too much.

It reads strictly, so that no server can understand a request otherwise than the front did.
"""
