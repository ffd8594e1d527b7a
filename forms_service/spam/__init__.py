"""The spam verdict: checks, blocklist, duplicates, CAPTCHA and its providers, ALTCHA."""
