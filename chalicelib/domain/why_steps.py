"""What a flow's steps that send nothing say to the shop's owner: one sentence per code, in English and Persian."""

from __future__ import annotations

STEPS: dict[str, dict[str, str]] = {
    "done": {"en": "Done.", "fa": "انجام شد."},
    "tagged": {"en": "Tag: {tag}.", "fa": "برچسب: {tag}."},
    "task_opened": {"en": "A task was opened for you.", "fa": "کاری برای شما ثبت شد."},
    "coupon_made": {"en": "A coupon was made ({rule}).", "fa": "کد تخفیف ساخته شد ({rule})."},
    "coupon_failed": {
        "en": "There is no coupon: it could not be made ({reason}).",
        "fa": "کد تخفیفی در کار نیست: ساخته نشد ({reason}).",
    },
    "webhook_sent": {"en": "The webhook was called.", "fa": "وب‌هوک فراخوانده شد."},
    "branch": {"en": "The condition holds: {way}.", "fa": "شرط برقرار است: {way}."},
    "split": {"en": "Drawn by lot: way {way}.", "fa": "به قید قرعه: راه {way}."},
    "waits_for": {
        "en": "Waits for this, until {until} at most: {event}.",
        "fa": "حداکثر تا {until} منتظر می‌ماند: {event}.",
    },
    "happened": {"en": "What it waited for has come: {event}.", "fa": "آنچه منتظرش بود رسید: {event}."},
    "did_not_happen": {
        "en": "What it waited for did not come: {event}.",
        "fa": "آنچه منتظرش بود نرسید: {event}.",
    },
    "segment_entered": {
        "en": "The customer came into the segment “{segment}”.",
        "fa": "مشتری وارد بخش «{segment}» شد.",
    },
    "stopped": {"en": "The flow ends here.", "fa": "این پیگیری همین‌جا پایان می‌یابد."},
    "flow_changed": {
        "en": "Not done: this step is no longer in the flow.",
        "fa": "انجام نشد: این گام دیگر در پیگیری نیست.",
    },
}
