"""Simulated gateways of chats that can't be run here: ours, not the vendors'. Each counts only as far as the vendor's own client
works on it unchanged (tests/chat).
"""
