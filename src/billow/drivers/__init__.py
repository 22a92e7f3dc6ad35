"""The homes: each module here keeps the promises of `billow.ports` in its own way."""
