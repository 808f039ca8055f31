"""What is said to an owner about the counts of the slots, in English and Persian."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.speech import pick_language

SENTENCES = {
    "en": {
        "few_seen": "Seen fewer than {least} times: too few to tell a rate.",
        "more_clicks": "More was clicked than seen: pages that draw slots themselves have to tell what is seen, too.",
        "no_proof": "Clicks do not show what slots earn: many would have bought anyway. Whoever is held out sees no "
        "personal slots, so what these earn is part of what the control group shows of all marketing together. The "
        "other slots reach both arms, and nothing shows what they earn. No report adds up yet what the arms bought.",
    },
    "fa": {
        "few_seen": "کمتر از {least} بار دیده شده است؛ برای گفتن نرخ کافی نیست.",
        "more_clicks": "شمار کلیک‌ها از شمار دیده‌شدن‌ها بیشتر است: صفحه‌ای که خودش پیشنهادها را نشان می‌دهد باید "
        "دیده‌شدن را هم خبر دهد.",
        "no_proof": "کلیک نشان نمی‌دهد که پیشنهادها چه درآمدی داشته‌اند: بسیاری در هر حال خرید می‌کردند. گروه شاهد "
        "پیشنهادهای شخصی را نمی‌بیند؛ پس اثر آن‌ها بخشی از اثر همهٔ بازاریابی است که مقایسه با گروه شاهد نشان می‌دهد. "
        "پیشنهادهای دیگر را هر دو گروه می‌بینند و چیزی نشان نمی‌دهد که چه درآمدی داشته‌اند. هنوز هیچ گزارشی خرید دو گروه "
        "را جمع نمی‌زند.",
    },
}


def told(code: str, locale: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """`{code, params, text}`, in the language of the owner of a shop of that locale."""
    language = pick_language(None, locale, SENTENCES.keys())
    return {"code": code, "params": params or {}, "text": SENTENCES[language][code].format(**(params or {}))}
