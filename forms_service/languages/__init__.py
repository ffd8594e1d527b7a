"""The sentences that visitors read: message ids, catalogues, choice of language, formats; pure."""
