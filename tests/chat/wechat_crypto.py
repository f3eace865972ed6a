"""wechatpy's own encryption, unchanged. Run as a process: reads JSON lines, opens or seals each, prints what came of it.

python wechat_crypto.py TOKEN AES_KEY
"""

import json
import sys

from wechatpy.enterprise.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException

TOKEN, AES_KEY = sys.argv[1:]


def done(told: dict[str, str]) -> dict[str, str]:
    crypto = WeChatCrypto(TOKEN, AES_KEY, told["corp"])
    if told["do"] == "seal":
        return {"sealed": crypto.encrypt_message(told["told"], told["nonce"], told["timestamp"])}
    try:
        plain = crypto.decrypt_message(told["body"], told["msg_signature"], told["timestamp"], told["nonce"])
    except WeChatException as exc:
        return {"error": type(exc).__name__}
    return {"told": plain.decode() if isinstance(plain, bytes) else plain}


for line in sys.stdin:
    print(json.dumps(done(json.loads(line))), flush=True)
