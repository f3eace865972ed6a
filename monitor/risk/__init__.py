"""How likely a parcel is not to be received in time: learned from the merchant's own history, calibrated, explained.

Everything in here works on whole columns with NumPy; nothing in here is imported before a model is fitted or used.
"""
