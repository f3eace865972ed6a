"""Who or what took a parcel, by the words of its delivery: 17TRACK has one code for all, Delivered_Other.

The words are those of carriers' own lists, in their languages; 17TRACK passes them on untranslated. Sources: the status texts
that USPS, DHL, Royal Mail, La Poste, Correos, Correios, Poste Italiane, PostNL, InPost, Russian Post, Japan Post, Korea Post and
the Chinese express firms publish. A language that isn't here gives no manner.
"""

import re

from domain.tracking import Manner

MANNERS: tuple[tuple[Manner, tuple[str, ...]], ...] = (
    (
        Manner.NEIGHBOUR,
        (
            "neighbour", "neighbor", "nachbar", "voisin", "vecino", "vecina", "vizinh", "vicino di casa", "al vicino",
            "buren", "buurman", "buurvrouw", "sąsiad", "sasiad", "сосед", "granne", "邻居", "鄰居", "隣人", "お隣", "이웃",
        ),
    ),
    (
        Manner.LOCKER,
        (
            "locker", "packstation", "poststation", "paczkomat", "automat paczkowy", "pakketautomaat", "pakkeautomat",
            "paketautomat", "consigne automatique", "consigne pickup", "taquilla", "armadietto", "cacifo", "постамат",
            "快递柜", "快遞櫃", "丰巢", "豐巢", "自提柜", "智能柜", "快件箱", "速递易", "i郵箱", "宅配ロッカー", "宅配ボックス", "택배함",
        ),
    ),
    (
        Manner.POINT,
        (
            "pickup point", "pick-up point", "pick up point", "collection point", "parcel shop", "parcelshop",
            "access point", "service point", "servicepoint", "post office", "retail outlet", "paketshop", "postfiliale",
            "filiale", "point relais", "relais", "bureau de poste", "punto de recogida", "oficina de correos",
            "ponto de coleta", "agência dos correios", "punto di ritiro", "ufficio postale", "afhaalpunt", "postkantoor",
            "punkt odbioru", "punkcie odbioru", "urząd pocztowy", "urzędzie pocztowym", "пункт выдачи", "пункте выдачи",
            "utlämningsställe", "ombud", "驿站", "驛站", "代收点", "代收點", "便利店", "超商", "コンビニ", "편의점",
        ),
    ),
    (
        Manner.SAFE_PLACE,
        (
            "front door", "back door", "side door", "at door", "porch", "patio", "mailbox", "mail box", "letterbox",
            "letter box", "safe place", "safeplace", "garage", "carport", "garden shed", "doorstep", "ablageort",
            "wunschort", "briefkasten", "boîte aux lettres", "boite aux lettres", "lieu sûr", "buzón", "buzon",
            "caixa de correio", "cassetta postale", "cassetta delle lettere", "brievenbus", "skrzynce pocztowej",
            "skrzynki pocztowej", "почтовый ящик", "门口", "門口", "信箱", "消火栓", "郵便受", "置き配", "玄関", "문앞", "문 앞",
            "우편함",
        ),
    ),
    (
        Manner.AGENT,
        (
            "front desk", "reception", "mail room", "mailroom", "concierge", "doorman", "security guard", "agent",
            "rezeption", "poststelle", "pförtner", "gardien", "accueil", "recepción", "conserje", "portería", "portaria",
            "porteiro", "recepção", "portineria", "receptie", "recepcj", "консьерж", "охран", "前台", "物业", "物業", "门卫",
            "門衛", "保安", "传达室", "收发室", "管理室", "管理员", "警衛", "管理人", "경비실", "관리실",
        ),
    ),
    (
        Manner.OTHER,
        (
            "family member", "household member", "other person", "another person", "colleague", "familienmitglied",
            "andere person", "hausbewohner", "autre personne", "familiar", "familiare", "huisgenoot", "他人", "家人", "同事",
            "亲友", "朋友", "ご家族", "가족",
        ),
    ),
    (
        Manner.SELF,
        (
            "to recipient", "to the recipient", "to addressee", "to the addressee", "to resident", "to the resident",
            "individual picked up", "an den empfänger", "an empfänger", "persönlich", "au destinataire", "en main propre",
            "al destinatario", "ao destinatário", "ao destinatario", "aan de ontvanger", "aan ontvanger", "odbiorcy",
            "адресату", "本人", "ご本人", "본인",
        ),
    ),
)  # fmt: skip
"""In order of decision: a neighbour who took it at the recipient's wish is a neighbour."""

TO_SENDER = (
    "to sender", "to the sender", "to original sender", "to shipper", "to the shipper", "an den absender", "an absender",
    "à l'expéditeur", "a l'expediteur", "al remitente", "ao remetente", "al mittente", "aan de afzender", "aan afzender",
    "do nadawcy", "nadawcy", "отправителю", "退回签收", "退件签收", "寄件人签收", "发件人签收", "退回寄件人", "退回发件人",
    "退回给寄件人", "差出人に返", "발송인",
)  # fmt: skip
"""The words of a delivery at the sender's end, which some carriers report as a plain delivery."""

TO_BE_COLLECTED = (
    "ready for pickup", "ready for pick-up", "ready for pick up", "ready for collection", "available for pickup",
    "available for collection", "awaiting collection", "abholbereit", "zur abholung bereit", "prêt à être retiré",
    "disponible para recoger", "listo para recoger", "disponível para retirada", "pronto per il ritiro",
    "klaar om op te halen", "gotowa do odbioru", "gotowa do odebrania", "ожидает получения", "ожидает адресата", "待取",
    "及时取件", "尽快取件", "取件码",
)  # fmt: skip
"""The words of a parcel that lies in a locker or shop, which some carriers report as delivered."""

_PUT_IN = re.compile(r"(?:存入|暂存|放入|投入|寄存|存放)[^，。,;；]{0,12}(?:柜|箱|驿站|代收点)")
_TAKEN_IN = re.compile(r"(?:柜|柜机|驿站|自提点|服务站|便利店|超市)[^，。,;；]{0,6}代收")
_BROUGHT = re.compile(
    r"\b(?:delivered|placed|deposited|dropped off) (?:in|into|at|to) (?:an? |the |your )?(?:dhl |ups |parcel |self-service )?"
    r"(?:locker|packstation|parcel ?shop|service ?point|access ?point|pick-?up ?point|collection point)"
)
"""Put into a locker or brought to a point; "Delivered, Parcel Locker" is USPS's word for a box at the recipient's door."""
_TAKEN = ("取出", "签收", "取走", "领取成功")


def manner_in(text: str) -> Manner | None:
    """Who or what took the parcel, as far as the text of the delivery names them."""
    words = _plain(text)
    return next((manner for manner, names in MANNERS if _any_in(words, names)), None)


def to_sender(text: str) -> bool:
    """Whether a delivery was one back to the sender, by its words."""
    return _any_in(_plain(text), TO_SENDER)


def to_be_collected(text: str) -> bool:
    """Whether a "delivery" only put the parcel where it can be collected, by its words."""
    if any(word in text for word in _TAKEN):
        return False
    said = _plain(text)
    patterns = ((_PUT_IN, text), (_TAKEN_IN, text), (_BROUGHT, said))
    return _any_in(said, TO_BE_COLLECTED) or any(pattern.search(words) for pattern, words in patterns)


def _plain(text: str) -> str:
    return f" {' '.join(text.casefold().replace('’', chr(39)).split())}"


_WORD = re.compile(r"[a-z\u00c0-\u052f]")


def _any_in(words: str, names: tuple[str, ...]) -> bool:
    """Whether a name stands in the words: at the start of a word, where the script has words."""
    return any(name in words and (not _WORD.match(name) or _begins(words, name)) for name in names)


def _begins(words: str, name: str) -> bool:
    return any(not words[found.start() - 1].isalpha() for found in re.finditer(re.escape(name), words))
