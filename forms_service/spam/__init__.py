"""Spam verdict: checks, blocklist, CAPTCHA and its providers, ALTCHA."""
