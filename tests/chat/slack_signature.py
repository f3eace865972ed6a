"""slack_sdk's own verifier, unchanged. Run as a process: reads JSON lines (secret, timestamp, signature, body), prints yes or no."""

import json
import sys

from slack_sdk.signature import Clock, SignatureVerifier


class At(Clock):
    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


for line in sys.stdin:
    told = json.loads(line)
    verifier = SignatureVerifier(told["secret"], clock=At(float(told["timestamp"])))
    print("yes" if verifier.is_valid(told["body"], told["timestamp"], told["signature"]) else "no", flush=True)
