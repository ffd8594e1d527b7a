"""Spam verdict: checks, blocklist, CAPTCHA providers, ALTCHA."""
