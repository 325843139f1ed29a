"""Fictional requests that the schema shows."""

from typing import Any

CONCERN: dict[str, Any] = {
    "urgency": "RED",
    "concern": {
        "title": "Bruise seen at school",
        "people": [
            {"id": "child", "role": "child", "name": "Zeb Quillfeather", "date_of_birth": "2018-05-04"},
            {"id": "mother", "role": "mother", "name": "Mary Quillfeather", "absent": {"telephone": "NOT_ASKED"}},
        ],
        "statements": [
            {
                "id": "s1",
                "type": "FACT_WITNESSED",
                "category": "INJURY",
                "event_date": "2026-11-20",
                "text": "A bruise the size of a hand on the upper arm.",
                "people": ["child"],
            },
            {
                "id": "s2",
                "type": "CHILD_WORDS",
                "category": "CHILD_VOICE",
                "event_date": "2026-11-20",
                "text": "'I am not to say.'",
                "source": "Said to A. Yusuf when asked what happened",
                "people": ["child"],
            },
        ],
    },
}
SHARE: dict[str, Any] = {
    "concern": "C-7K2M9-QXP5T",
    "concern_version": 1,
    "edition": "",
    "ending": "share",
    "outcome": "SHARED_PARTIAL",
    "purpose": "MASH",
    "urgency": "RED",
    "reason": "The mark and what was said of it do not match.",
    "basis": {
        "lawful_basis": "A6_1E_PUBLIC_TASK",
        "conditions": ["A9_2G_P18_SAFEGUARDING"],
        "para18_reason": "P18_WOULD_PREJUDICE_PROTECTION",
        "gateways": ["CA04_S11"],
    },
    "necessity": "The MASH cannot decide on a check without it.",
    "risk_of_sharing": "The family may feel watched.",
    "risk_of_not_sharing": "A further injury.",
    "agreements": [
        {
            "person": "mother",
            "status": "NOT_SOUGHT_UNSAFE",
            "reason": "The child fears what happens at home if she knows.",
            "exceptions": ["EXC_RISK_OF_HARM"],
            "review_date": "2026-12-01",
        }
    ],
    "informing": [
        {
            "person": "mother",
            "status": "NOT_INFORMED",
            "reason": "As above.",
            "exceptions": ["EXC_RISK_OF_HARM"],
            "review_date": "2026-12-01",
        }
    ],
    "shares": [
        {
            "team": "00000000-0000-4000-8000-000000000000",
            "people": ["child", "mother"],
            "statements": ["s1", "s2"],
            "handling": ["NO_ONWARD"],
        }
    ],
}
DO_NOT_SHARE: dict[str, Any] = {
    "concern": "C-7K2M9-QXP5T",
    "concern_version": 1,
    "edition": "",
    "ending": "do_not_share",
    "outcome": "NOT_SHARED",
    "urgency": "GREEN",
    "not_shared_reason": "ALREADY_HELD_BY_RECIPIENT",
    "reason": "The health visitor was in the room and has recorded it herself.",
    "review_date": "2026-12-14",
}
EMERGENCY: dict[str, Any] = {
    "child": "Zeb Quillfeather",
    "what": "Left the building with a man who is not to collect him, five minutes ago.",
    "teams": ["00000000-0000-4000-8000-000000000000"],
    "do_not_discuss_with": "Mary Quillfeather",
    "passphrase": "six words only you would know",
}
