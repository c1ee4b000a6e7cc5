"""The words of the sandbox's keywords, products and names, in the languages of its markets.

Here: vocabulary, with the umlauts and scripts that real accounts have. Not here: what is made of it (``world``).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """Words of one language.

    Attributes:
        products: What the advertisers sell, one a campaign in turn.
        qualifiers: Put before a product in a keyword.
        purposes: Put after it.
    """

    products: tuple[str, ...]
    qualifiers: tuple[str, ...]
    purposes: tuple[str, ...]


ENGLISH = Language(
    ("green tea", "yoga mat", "water bottle", "desk lamp", "dog bed", "garlic press", "phone stand", "rain jacket"),
    ("", "organic", "best", "cheap", "large", "premium", "small", "eco friendly", "black", "travel"),
    ("", "for women", "for men", "gift set", "2 pack", "for home", "for kids", "with case", "sale", "men's"),
)
GERMAN = Language(
    ("grüner tee", "yogamatte", "trinkflasche", "schreibtischlampe", "hundebett", "knoblauchpresse", "regenjacke"),
    ("", "bio", "günstige", "große", "kleine", "schöne", "schwarze", "weiße", "robuste", "leichte"),
    ("", "für damen", "für herren", "geschenkset", "2er set", "für zuhause", "für kinder", "mit hülle", "angebot"),
)
JAPANESE = Language(
    ("緑茶", "ヨガマット", "水筒", "デスクライト", "犬用ベッド", "スマホスタンド", "雨具"),
    ("", "有機", "人気", "安い", "大きい", "高級", "小さい", "黒い", "軽量", "旅行用"),
    ("", "女性用", "男性用", "ギフト", "二個組", "家庭用", "子供用", "送料無料", "おすすめ"),
)
PORTUGUESE = Language(
    ("chá verde", "tapete de ioga", "garrafa térmica", "luminária", "cama de cachorro", "capa de chuva"),
    ("", "melhor", "barato", "grande", "pequeno", "clássico", "preto", "leve", "orgânico"),
    ("", "para mulher", "para homem", "kit presente", "promoção", "para crianças", "com estojo"),
)
SPANISH = Language(
    ("té verde", "esterilla de yoga", "botella de agua", "lámpara de mesa", "cama para perro", "paraguas"),
    ("", "mejor", "barato", "grande", "pequeño", "clásico", "negro", "ligero", "orgánico"),
    ("", "para mujer", "para hombre", "regalo", "oferta", "para niños", "con funda", "español"),
)
ARABIC = Language(
    ("شاي أخضر", "حصيرة يوغا", "قارورة ماء", "مصباح مكتب", "سرير كلب"),
    ("", "أفضل", "رخيص", "كبير", "صغير", "أسود", "خفيف"),
    ("", "للنساء", "للرجال", "هدية", "للأطفال", "للبيت"),
)


def phrase(language: Language, product: str, number: int) -> str:
    """Return the ``number``-th keyword for a product; different numbers give different keywords."""
    qualifiers, purposes = language.qualifiers, language.purposes
    rest, qualifier = divmod(number, len(qualifiers))
    rest, purpose = divmod(rest, len(purposes))
    words = (qualifiers[qualifier], product, purposes[purpose], str(rest + 1) if rest else "")
    return " ".join(word for word in words if word)
