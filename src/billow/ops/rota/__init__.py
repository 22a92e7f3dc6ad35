"""Rotas: who is on call when. Pure functions of a declaration, its changes and a time."""
