"""Webhooks: an owner's programs and chats hear of submissions."""
